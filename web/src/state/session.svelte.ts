import { api, type Me, Refused } from './api.ts'
import { office } from './office.svelte.ts'
import { telephone } from './telephone.svelte.ts'
import { words } from './words.svelte.ts'

/** "elsewhere": the phone is open in another tab of this browser. "stuck": logging out failed. */
export type Standing = 'asking' | 'out' | 'in' | 'elsewhere' | 'unreachable' | 'stuck'

/** Who uses the page. */
class Session {
  standing = $state<Standing>('asking')
  me = $state<Me>()
  /** Counts claims: what an earlier one comes to is of no interest. */
  private turn = 0
  private release = () => {}

  /** Goes on with a session that this browser has. */
  async resume(): Promise<void> {
    this.standing = 'asking'
    try {
      this.me = await api.session()
    } catch (e) {
      this.standing = isOver(e) ? 'out' : 'unreachable'
      return
    }
    words.suggest(this.me.language)
    this.claim(false)
  }

  async logIn(extension: string, password: string): Promise<void> {
    await api.logIn(extension, password)
    await this.resume()
  }

  /** The phone unregisters first, with what it has of the session. */
  async logOut(): Promise<void> {
    this.standing = 'asking'
    await this.close()
    try {
      await api.logOut()
    } catch (e) {
      if (!isOver(e)) {
        this.standing = 'stuck' // others could still use this browser as its user
        return
      }
    }
    this.over()
  }

  /** The exchange has ended the session. The cookie may be that of another one by now: it is left alone. */
  private over(): void {
    void this.close()
    this.standing = 'out'
  }

  /** Two tabs that ring and talk at once would be heard twice: one is the phone. */
  claim(take: boolean): void {
    const turn = ++this.turn
    void navigator.locks
      .request('dialtone.phone', take ? { steal: true } : { ifAvailable: true }, (lock) => {
        if (turn !== this.turn) return
        if (!lock) {
          this.standing = 'elsewhere'
          return
        }
        this.open()
        // Until the tab is closed, its user logs out, or another tab takes it.
        return new Promise<void>((release) => (this.release = release))
      })
      .catch(() => {
        if (turn !== this.turn) return
        telephone.leave() // the other tab goes on with its calls
        void this.close()
        this.standing = 'elsewhere'
      })
  }

  private open(): void {
    if (!this.me) return
    this.standing = 'in'
    office.open(this.me.extension, () => this.over())
    telephone.start(this.me)
  }

  private async close(): Promise<void> {
    this.turn++
    this.release()
    office.close()
    await telephone.stop()
  }
}

function isOver(e: unknown): boolean {
  return e instanceof Refused && e.status === 401
}

export const session = new Session()
