import { api, Refused, type CallNow, type Chat, type OwnSettings, type PastCall, type Person, type Presence, type Voice } from './api.ts'
import { Loaded } from './loaded.svelte.ts'
import { now } from './now.svelte.ts'
import { own } from './own.svelte.ts'

/** A call as it is named: what the exchange said of the other side. */
interface Named {
  direction: 'in' | 'out'
  number: string
  name: string
}

const openAgain = 5000 // ms until events are asked for again
const together = 150 // ms: what is told of several ways is asked for once

/** What the exchange knows for this extension, kept up to date by its events. */
class Office {
  readonly directory = new Loaded<Person[]>(api.directory)
  readonly calls = new Loaded<PastCall[]>(api.calls)
  readonly voicemail = new Loaded<Voice[]>(api.voicemail)
  readonly chats = new Loaded<Chat[]>(api.chats)
  readonly settings = new Loaded<OwnSettings>(api.settings)
  /** Counts what arrives in conversations, for those that show one. */
  texts = $state(0)
  private own = $state('')
  private events: EventSource | null = null
  private timer = 0
  private gathering = 0

  get newVoice(): number {
    return this.voicemail.value?.filter((v) => !v.heard).length ?? 0
  }

  /** Conversations in which something came that was not seen. */
  get unread(): number {
    return this.chats.value?.filter((c) => this.isUnread(c)).length ?? 0
  }

  isUnread(chat: Chat): boolean {
    return !chat.mine && own.isNewText(chat.with, chat.last)
  }

  readChat(number: string): void {
    const chat = this.chats.value?.find((c) => c.with === number)
    if (chat && this.isUnread(chat)) own.seeChat(number, chat.last)
  }

  get missed(): number {
    return this.calls.value?.filter((c) => c.missed && own.isNewCall(c.at)).length ?? 0
  }

  seeCalls(): void {
    const last = this.calls.value?.[0]?.at
    if (last && own.isNewCall(last)) own.seeCalls(last)
  }

  /** All but oneself. */
  get others(): Person[] {
    return this.directory.value?.filter((p) => p.extension !== this.own) ?? []
  }

  person(number: string): Person | undefined {
    return this.directory.value?.find((p) => p.extension === number)
  }

  /**
   * What to call the other side: as the exchange does. Only a number that was called from here is
   * looked up: outside, anybody can call himself 100.
   */
  nameOf({ direction, number, name }: Named): string {
    if (direction === 'out') return name || this.nameOfNumber(number)
    return (!this.person(number) && own.byNumber(number)?.name) || name || number
  }

  /** What to call a number that is to be called: as the directory does, else an earlier call. */
  nameOfNumber(number: string): string {
    return this.person(number)?.name || own.byNumber(number)?.name || this.calls.value?.find((c) => c.number === number && c.name)?.name || number
  }

  open(extension: string, loggedOut: () => void): void {
    this.own = extension
    this.reload()
    this.listen(loggedOut)
  }

  private listen(loggedOut: () => void, again = false): void {
    const events = new EventSource('/api/phone/events')
    this.events = events
    events.addEventListener('directory', (e) => {
      for (const { extension, state } of JSON.parse(e.data) as { extension: string; state: Presence }[]) {
        const person = this.person(extension)
        if (person) person.state = state
      }
    })
    events.addEventListener('now', (e) => now.take(JSON.parse(e.data) as CallNow[]))
    events.addEventListener('call', () => void this.calls.load())
    events.addEventListener('voicemail', () => void this.voicemail.load())
    events.addEventListener('own', () => void own.kept.load())
    events.addEventListener('people', () => void this.directory.load())
    events.addEventListener('texts', () => this.heardText())
    events.addEventListener('logout', loggedOut)
    // After a gap nobody knows what was missed.
    let gap = again
    events.onerror = () => {
      gap = true
      if (events.readyState === EventSource.CLOSED) void this.refused(events, loggedOut)
    }
    events.onopen = () => {
      now.take([]) // what is not is not told
      if (gap) this.reload()
      gap = false
    }
  }

  /** Browsers do not ask again when they were refused. */
  private async refused(events: EventSource, loggedOut: () => void): Promise<void> {
    try {
      await api.session()
    } catch (e) {
      if (this.events === events && e instanceof Refused && e.status === 401) return loggedOut()
    }
    if (this.events !== events) return
    this.timer = window.setTimeout(() => this.listen(loggedOut, true), openAgain)
  }

  heardText(): void {
    window.clearTimeout(this.gathering)
    this.gathering = window.setTimeout(() => {
      this.texts++
      void this.chats.load()
    }, together)
  }

  private get all() {
    return [this.directory, this.calls, this.voicemail, this.chats, this.settings, own.kept]
  }

  reload(): void {
    for (const one of this.all) void one.load()
  }

  close(): void {
    window.clearTimeout(this.timer)
    window.clearTimeout(this.gathering)
    this.events?.close()
    this.events = null
    for (const one of this.all) one.forget()
  }
}

export const office = new Office()
