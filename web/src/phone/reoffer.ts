import type { RTCSession } from 'jssip/lib/RTCSession'

/** What JsSIP keeps to itself. Its version is pinned. */
interface Inside {
  _localHold: boolean
  _onhold(who: string): void
  _onunhold(who: string): void
  _sendReinvite(options: {
    rtcOfferConstraints?: RTCOfferOptions
    eventHandlers: { succeeded(): void; failed(response?: { status_code: number }): void }
  }): void
}

const soon = 150 // ms until it is looked again whether an offer may be made
const collided = 491 // Request Pending

/**
 * Re-offers of a call, one at a time: what is wanted is kept, so that quick fingers and
 * offers of both sides at once end in what was wanted last. JsSIP's own hold ends the
 * call when the exchange is just asking something itself (491, RFC 3261 §14.1).
 */
export class Reoffer {
  private held = false
  private restart = false
  private busy = false
  private timer = 0

  constructor(
    private readonly session: RTCSession,
    private readonly changed: (held: boolean) => void
  ) {}

  hold(on: boolean): void {
    this.held = on
    this.settle()
  }

  /** New paths for the audio, after the network changed. */
  restartIce(): void {
    this.restart = true
    this.settle()
  }

  stop(): void {
    window.clearTimeout(this.timer)
  }

  private settle(): void {
    window.clearTimeout(this.timer)
    const inside = this.session as unknown as Inside
    if (this.busy || !this.session.isEstablished()) return
    if (inside._localHold === this.held && !this.restart) return
    if (!this.session.isReadyToReOffer()) {
      this.again(soon)
      return
    }
    const before = inside._localHold
    const restart = this.restart
    this.restart = false
    this.busy = true
    this.direct(inside, this.held)
    inside._sendReinvite({
      rtcOfferConstraints: restart ? { iceRestart: true } : undefined,
      eventHandlers: {
        succeeded: () => {
          this.busy = false
          this.changed(inside._localHold)
          this.settle()
        },
        failed: (response) => {
          this.busy = false
          if (this.session.isEnded()) return
          this.restart ||= restart
          this.direct(inside, before)
          if (response?.status_code === collided) this.again(2100 + Math.random() * 1900)
          else this.session.terminate({ status_code: 500 })
        }
      }
    })
  }

  private direct(inside: Inside, held: boolean): void {
    if (inside._localHold === held) return
    inside._localHold = held
    if (held) inside._onhold('local')
    else inside._onunhold('local')
  }

  private again(after: number): void {
    window.clearTimeout(this.timer)
    this.timer = window.setTimeout(() => this.settle(), after)
  }
}
