import { Refused } from './api.ts'

/** Something of the exchange, with how it stands: being loaded, here, or not to be had. */
export class Loaded<T> {
  value = $state<T>()
  /** The code of the refusal, '' when there was none. */
  error = $state('')
  private turn = 0

  constructor(private readonly fetch: () => Promise<T>) {}

  /** Loads it again; what is there stays until then. */
  async load(): Promise<void> {
    const turn = ++this.turn
    try {
      const value = await this.fetch()
      if (turn !== this.turn) return
      this.value = value
      this.error = ''
    } catch (e) {
      if (turn === this.turn) this.error = e instanceof Refused ? (e.status === 404 ? 'absent' : e.code) : 'failed'
    }
  }

  forget(): void {
    this.turn++
    this.value = undefined
    this.error = ''
  }
}
