import { api, Refused } from './api.ts'
import { telephone } from './telephone.svelte.ts'
import { Upload } from './upload.svelte.ts'

const atOnce = 3 // as the exchange takes

/** What is being sent to somebody: a text, and files. */
export class Outbox {
  draft = $state('')
  sending = $state('')
  /** Why the last text was not sent, as a code. */
  failed = $state('')
  uploads = $state.raw<Upload[]>([])
  private running = 0

  constructor(
    private readonly number: string,
    private readonly sent: () => Promise<void>
  ) {}

  async send(): Promise<void> {
    const text = this.draft.trim()
    if (!text || this.sending) return
    this.sending = text
    this.draft = ''
    this.failed = ''
    try {
      await telephone.send(this.number, text)
      await this.sent()
    } catch (e) {
      this.failed = e instanceof Refused ? e.code : 'failed'
      this.draft = text
    }
    this.sending = ''
  }

  attach(files: File[]): void {
    this.uploads = [...this.uploads, ...files.map((file) => new Upload(file, this.number))]
    this.next()
  }

  private next(): void {
    const waiting = this.uploads.filter((u) => !u.begun)
    while (this.running < atOnce && waiting.length) void this.run(waiting.shift() as Upload)
  }

  private async run(upload: Upload): Promise<void> {
    this.running++
    const kept = await upload.run()
    if (kept) {
      try {
        await telephone.send(this.number, `${kept.name}\n${location.origin}/files/${kept.id}`)
        this.remove(upload)
        await this.sent()
      } catch {
        upload.error = 'unreachable'
        void api.deleteFile(kept.id).catch(() => {}) // it goes when its time is over
      }
    } else if (!upload.error) this.remove(upload)
    this.running--
    this.next()
  }

  again(upload: Upload): void {
    void this.run(upload)
  }

  /** Takes one back, or away once it has failed. */
  drop(upload: Upload): void {
    upload.cancel()
    this.remove(upload)
  }

  cancel(): void {
    for (const upload of this.uploads) upload.cancel()
  }

  private remove(upload: Upload): void {
    this.uploads = this.uploads.filter((u) => u !== upload)
  }
}
