import { makePhone } from '@phone'
import { dialled } from '../phone/number.ts'
import type { Call, Ending, Link, Phone } from '../phone/phone.ts'
import { api, type Me } from './api.ts'
import { choices } from './choices.svelte.ts'
import { Alert } from './alert.ts'
import { office } from './office.svelte.ts'
import { Ringer } from './ringer.ts'
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
  private readonly ringer = new Ringer()
  private readonly alert = new Alert()

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
    this.phone = makePhone(me.sip, me.name, me.ice.servers, {
      link: (link) => (this.link = link),
      call: (call) => this.add(call),
      message: () => office.heardText(),
      renew: async () => (await api.session()).sip
    })
    this.devices()
    this.phone.start()
  }

  /** Comes back when the phone has unregistered, or cannot. */
  stop(): Promise<void> {
    const stopped = this.phone?.stop()
    this.phone = null
    this.calls = []
    this.link = 'offline'
    this.ring()
    return stopped ?? Promise.resolve()
  }

  /** Uses the devices that are chosen now. */
  devices(): void {
    const { microphone, speaker, voice } = choices
    this.phone?.use({ microphone, speaker, clean: voice !== 'raw' })
    this.ringer.device(choices.ringer)
  }

  async dial(text: string): Promise<void> {
    const number = dialled(text)
    if (!number || !this.phone) return
    this.holdAll()
    this.trouble = ''
    try {
      this.add(await this.phone.call(number))
    } catch (e) {
      this.trouble = e instanceof DOMException ? e.name : 'failed'
    }
  }

  async answer(call: Call): Promise<void> {
    this.holdAll(call)
    this.trouble = ''
    try {
      await call.answer()
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

  send(number: string, text: string): Promise<void> {
    return this.phone ? this.phone.send(number, text) : Promise.reject(new Error('offline'))
  }

  private holdAll(but?: Call): void {
    for (const call of this.lines) if (call !== but && call.phase === 'talking' && !call.held) call.hold(true)
  }

  private add(call: Call): void {
    this.calls = [...this.calls, call]
    if (call.direction === 'out') this.shown = call.id
  }

  /** Follows the phases of the calls; runs again whenever one changes. */
  follow(): void {
    this.ring()
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
    const rings = this.ringing
    const busy = this.lines.some((c) => c.phase !== 'ended')
    const waits = this.lines.some((c) => c.phase === 'calling')
    if (rings.length) this.ringer.start(busy ? 'waiting' : 'bell')
    else if (waits) this.ringer.start('back')
    else this.ringer.stop()
    this.alert.show(rings.map((c) => ({ id: c.id, title: office.nameOf(c), text: t('incoming.call') })))
  }
}

function lingers(ending: Ending): number {
  return ending === 'elsewhere' || ending === 'cancelled' ? farewell / 5 : farewell
}

export const telephone = new Telephone()
