import { makePhone } from '@phone'
import { keepCalls } from '../phone/kept.ts'
import { dialled } from '../phone/number.ts'
import type { Call, Ending, Link, Phone } from '../phone/phone.ts'
import { api, type Me } from './api.ts'
import { choices } from './choices.svelte.ts'
import { AutoAnswer } from './autoanswer.ts'
import { Bell } from './bell.ts'
import { callsToResume } from './comeback.ts'
import { now } from './now.svelte.ts'
import { office } from './office.svelte.ts'
import { coded, t } from './words.svelte.ts'

const farewell = 2500 // ms that an ended call stays to be seen

/** The phone and its calls: at most one of them talks, the others are held. */
class Telephone {
  link = $state<Link>('offline')
  calls = $state.raw<Call[]>([])
  /** Which call is shown, of those that do not ring. */
  private shown = $state('')
  /** Why there is no microphone: the name of a DOMException. */
  trouble = $state('')
  /** What a screen reader says next. */
  news = $state('')
  private phone: Phone | null = null
  private own = ''
  /** It has been looked which calls of an earlier page come back: what is kept of them may be written over. */
  private recovered = false
  private readonly bell = new Bell()
  private readonly auto = new AutoAnswer((but) => this.calls.every((c) => c === but || c.phase === 'ended'), (call) => void this.answer(call))

  get ringing(): Call[] {
    return this.calls.filter((c) => c.phase === 'ringing')
  }

  get lines(): Call[] {
    return this.calls.filter((c) => c.phase !== 'ringing')
  }

  get current(): Call | undefined {
    return this.lines.find((c) => c.id === this.shown) ?? this.lines.at(-1)
  }

  /** The other call that the current one can be connected to. */
  get other(): Call | undefined {
    return this.lines.find((c) => c !== this.current && c.phase === 'talking')
  }

  start(me: Me): void {
    void this.phone?.stop()
    this.own = me.extension
    this.recovered = false
    this.phone = makePhone(me.sip, me.name, me.ice.servers, {
      link: (link) => {
        this.link = link
        if (link === 'ready') void this.recover()
      },
      call: (call) => this.add(call),
      message: () => office.heardText(),
      renew: async () => {
        const { sip, ice } = await api.session()
        return { account: sip, ice: ice.servers }
      }
    })
    this.devices()
    this.phone.start()
  }

  /** Goes on with the calls that this browser had before the page was loaded again. */
  private async recover(): Promise<void> {
    if (this.recovered) return
    this.recovered = true
    try {
      for (const one of await callsToResume(this.own)) if (this.phone) this.add(await this.phone.resume(one))
    } catch (e) {
      this.trouble = e instanceof DOMException ? e.name : 'failed'
    }
    this.shown = this.lines.find((c) => !c.held)?.id ?? this.shown
  }

  /** The page goes: its calls are left to the one that comes after it. */
  leave(): void {
    const kept = this.phone?.kept() ?? []
    if (!kept.length) {
      void this.stop()
      return
    }
    keepCalls(this.own, kept)
    this.phone?.leave()
    this.phone = null
    this.calls = []
    this.link = 'offline'
    this.ring()
  }

  /** Comes back when the phone has unregistered, or cannot. */
  stop(): Promise<void> {
    if (this.phone) keepCalls(this.own, [])
    const stopped = this.phone?.stop()
    this.phone = null
    this.calls = []
    this.link = 'offline'
    this.ring()
    return stopped ?? Promise.resolve()
  }

  /** Uses the devices that are chosen now. */
  devices(): void {
    this.phone?.use(choices.devices)
    this.bell.device(choices.ringer)
  }

  async dial(text: string, video = false): Promise<void> {
    const number = dialled(text)
    if (!number || !this.phone) return
    this.holdAll()
    this.trouble = ''
    try {
      this.add(await this.phone.call(number, video))
    } catch (e) {
      this.trouble = e instanceof DOMException ? e.name : 'failed'
    }
  }

  async answer(call: Call, video = false): Promise<void> {
    this.holdAll(call)
    this.trouble = ''
    try {
      await call.answer(video)
      this.shown = call.id
    } catch (e) {
      this.trouble = e instanceof DOMException ? e.name : 'failed'
    }
  }

  /** Goes on with a call; the one that talks is held. */
  resume(call: Call): void {
    this.holdAll(call)
    this.shown = call.id
    call.hold(false)
  }

  /** Brings the calls that are up into one conference. */
  async merge(): Promise<void> {
    const { current } = this
    const others = this.lines.filter((c) => c !== current && c.phase === 'talking')
    if (current && others.length && (await now.merge([current, ...others]))) current.hold(false)
  }

  send(number: string, text: string): Promise<void> {
    return this.phone ? this.phone.send(number, text) : Promise.reject(new Error('offline'))
  }

  private holdAll(but?: Call): void {
    for (const call of this.lines) if (call !== but && call.phase === 'talking' && !call.held) call.hold(true)
  }

  private add(call: Call): void {
    this.calls = [...this.calls, call]
    if (call.direction === 'out') this.shown = call.id
    if (call.phase === 'ringing') this.auto.look(call)
  }

  /** Follows the phases of the calls; runs again whenever one changes. */
  follow(): void {
    this.ring()
    if (this.phone && this.recovered && !this.calls.some((c) => c.returning)) keepCalls(this.own, this.phone.kept())
    for (const call of this.calls) {
      if (call.phase === 'ended') window.setTimeout(() => this.forget(call), lingers(call.ending))
    }
    const said = this.current
    if (said?.phase === 'ended') this.news = coded('ended', said.ending)
    else if (said) this.news = said.held ? t('call.on_hold') : said.muted ? t('call.muted') : ''
  }

  private forget(call: Call): void {
    if (!this.calls.includes(call)) return
    this.calls = this.calls.filter((c) => c !== call)
    void office.calls.load()
  }

  private ring(): void {
    this.bell.ring(this.ringing, this.lines)
  }
}

function lingers(ending: Ending): number {
  return ending === 'elsewhere' || ending === 'cancelled' ? farewell / 5 : farewell
}

export const telephone = new Telephone()
