const undoFor = 6000 // ms

/** What was deleted just now and can be had back: it goes when the time is over, or the page is left. */
export class Deleted {
  ids = $state.raw<string[]>([])
  private timer = 0

  constructor(private readonly remove: (id: string) => Promise<void>) {}

  add(id: string): void {
    this.ids = [...this.ids, id]
    window.clearTimeout(this.timer)
    this.timer = window.setTimeout(() => void this.flush(), undoFor)
  }

  undo(): void {
    window.clearTimeout(this.timer)
    this.ids = []
  }

  /** Deletes them for good. */
  async flush(): Promise<void> {
    window.clearTimeout(this.timer)
    const ids = this.ids
    await Promise.all(ids.map((id) => this.remove(id)))
    this.ids = this.ids.filter((id) => !ids.includes(id))
  }
}
