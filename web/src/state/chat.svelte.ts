import { api, type Text } from './api.ts'
import { Loaded } from './loaded.svelte.ts'

const page = 50 // as the exchange gives them

/** A conversation: the latest messages, and older ones as they are asked for. */
export class Chat {
  readonly latest: Loaded<Text[]>
  /** There may be older ones. */
  more = $state(false)
  private known = $state.raw<Text[]>([]) // the oldest first
  private first = true

  constructor(readonly number: string) {
    this.latest = new Loaded(() => api.texts(number))
  }

  get texts(): Text[] {
    return this.known
  }

  async load(): Promise<void> {
    await this.latest.load()
    const latest = this.latest.value
    if (!latest) return
    if (this.first) this.more = latest.length === page
    this.first = false
    this.add(latest)
  }

  async loadOlder(): Promise<void> {
    const oldest = this.known[0]
    if (!oldest) return
    const older = await api.texts(this.number, oldest.at)
    this.more = older.length === page
    this.add(older)
  }

  // Ids begin with the time: the later, the higher.
  private add(texts: Text[]): void {
    const all = new Map([...this.known, ...texts].map((text) => [text.id, text]))
    this.known = [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
}
