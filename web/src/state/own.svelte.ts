import { api, type Contact, type Own } from './api.ts'
import { Loaded } from './loaded.svelte.ts'
import { digits } from './find.ts'

const at = (time = '') => Date.parse(time) || 0

/** What one keeps at the exchange: contacts, favourites, a status, and what one has seen. */
class Mine {
  readonly kept = new Loaded<Own>(api.own)

  get contacts(): Contact[] {
    return this.kept.value?.contacts ?? []
  }

  contact(id: string): Contact | undefined {
    return this.contacts.find((c) => c.id === id)
  }

  byNumber(number: string): Contact | undefined {
    const wanted = digits(number)
    return wanted ? this.contacts.find((c) => c.numbers.some((n) => digits(n) === wanted)) : undefined
  }

  isFavourite(whom: string): boolean {
    return this.kept.value?.favourites.includes(whom) ?? false
  }

  async favour(whom: string, on: boolean): Promise<void> {
    await api.favour(whom, on)
    await this.kept.load()
  }

  // Until it is known what was seen, nothing is new.
  isNewCall(time: string): boolean {
    return this.kept.value !== undefined && at(time) > at(this.kept.value.seen.calls)
  }

  isNewText(number: string, time: string): boolean {
    return this.kept.value !== undefined && at(time) > at(this.kept.value.seen.chats?.[number])
  }

  seeCalls(time: string): void {
    if (!this.kept.value) return
    this.kept.value.seen.calls = time
    void api.seen({ calls: time }).catch(() => {}) // it is new again after the next load
  }

  seeChat(number: string, time: string): void {
    if (!this.kept.value) return
    this.kept.value.seen.chats = { ...this.kept.value.seen.chats, [number]: time }
    void api.seen({ chats: { [number]: time } }).catch(() => {})
  }
}

export const own = new Mine()
