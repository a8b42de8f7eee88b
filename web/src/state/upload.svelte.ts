import { api, type Attachment, Refused } from './api.ts'
import { thumbnail } from './picture.ts'

const side = 480 // pixels of small pictures

/** A file on its way to somebody. */
export class Upload {
  /** 0 to 1; at 1 the exchange looks at it. */
  progress = $state(0)
  /** The code of the refusal. */
  error = $state('')
  begun = false
  private request: XMLHttpRequest | null = null

  constructor(
    readonly file: File,
    private readonly to: string
  ) {}

  get name(): string {
    return this.file.name
  }

  /** Gives what the exchange has kept; undefined when it was cancelled or refused. */
  async run(): Promise<Attachment | undefined> {
    this.begun = true
    this.error = ''
    this.progress = 0
    try {
      const kept = await this.send()
      const small = await thumbnail(this.file, side).catch(() => null) // no picture that this browser knows
      if (kept && small) await api.thumb(kept.id, small).catch(() => {})
      return kept
    } catch (e) {
      this.error = e instanceof Refused ? e.code : 'failed'
      return undefined
    }
  }

  cancel(): void {
    this.request?.abort()
  }

  // fetch does not tell how far it is.
  private send(): Promise<Attachment | undefined> {
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest()
      this.request = request
      request.open('POST', api.fileAddress(this.to, this.name))
      request.setRequestHeader('X-Dialtone', '1')
      request.responseType = 'json'
      request.upload.onprogress = (e) => (this.progress = e.total ? e.loaded / e.total : 0)
      request.onload = () => {
        if (request.status === 200) return done(request.response as Attachment)
        failed(new Refused((request.response as { code?: string } | null)?.code ?? 'failed', request.status, 0))
      }
      request.onerror = () => failed(new Refused('unreachable', 0, 0))
      request.onabort = () => done(undefined)
      request.send(this.file)
    })
  }
}
