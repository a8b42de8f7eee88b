import RequestSender from 'jssip/lib/Dialog/RequestSender'
import type { RTCSession } from 'jssip/lib/RTCSession'

/** What JsSIP keeps to itself. Its version is pinned. */
interface Inside {
  _localHold: boolean
  _remoteHold: boolean
  _onhold(who: string): void
  _onunhold(who: string): void
  _sendReinvite(options: {
    rtcOfferConstraints?: RTCOfferOptions
    eventHandlers: { succeeded(): void; failed(response?: { status_code: number }): void }
  }): void
}

/**
 * What JsSIP sends within calls. It would repeat an offer that met another one a second later,
 * as it was and with its old CSeq, which has to be refused: it is told that it has.
 */
export function repeatNothing(): void {
  const { prototype } = RequestSender
  const { send } = prototype
  prototype.send = function () {
    this._reattempt = true
    send.call(this)
  }
}

const soon = 150 // ms until it is looked again whether an offer may be made
const collided = 491 // Request Pending

/** The video of a call, as far as offers are concerned. */
interface Shown {
  /** The next offer is made for a call that is held, or is not. */
  direct(held: boolean): void
  /** The far side did not take what was offered. */
  refused(): void
}

/**
 * Re-offers of a call, one at a time: what is wanted is kept, so that quick fingers and
 * offers of both sides at once end in what was wanted last. JsSIP's own hold ends the
 * call when the exchange is just asking something itself (491, RFC 3261 §14.1).
 */
export class Reoffer {
  private held = false
  private restart = false
  private asked = false
  private busy = false
  private timer = 0

  constructor(
    private readonly session: RTCSession,
    private readonly video: Shown,
    private readonly changed: (held: boolean) => void
  ) {}

  /** The first offer is one of a call that is held, or is not. */
  begin(held: boolean): void {
    if (!held) return
    this.held = true
    ;(this.session as unknown as Inside)._localHold = true
    this.session.on('sdp', (e) => {
      if (e.originator === 'local' && !this.session.isEstablished()) e.sdp = e.sdp.replace(/^a=sendrecv/gm, 'a=sendonly')
    })
  }

  hold(on: boolean): void {
    this.held = on
    this.settle()
  }

  /** The call is up: what was wanted before is offered now. */
  up(): void {
    this.settle()
  }

  /** New paths for the audio, after the network changed. */
  restartIce(): void {
    this.restart = true
    this.settle()
  }

  /** The video is another: the far side is told, but not while it holds the call. */
  ask(): void {
    this.asked = true
    this.settle()
  }

  /** The far side does not hold any more. */
  resumed(): void {
    if (this.asked) this.again(soon)
  }

  stop(): void {
    window.clearTimeout(this.timer)
  }

  private settle(): void {
    window.clearTimeout(this.timer)
    const inside = this.session as unknown as Inside
    if (this.busy || !this.session.isEstablished()) return
    const asked = this.asked && !inside._remoteHold
    if (inside._localHold === this.held && !this.restart && !asked) return
    if (!this.session.isReadyToReOffer()) {
      this.again(soon)
      return
    }
    const before = inside._localHold
    const restart = this.restart
    this.restart = false
    if (asked) this.asked = false
    this.busy = true
    this.direct(inside, this.held)
    this.video.direct(this.held)
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
          if (response?.status_code === collided) {
            this.asked ||= asked
            this.again(this.session.direction === 'outgoing' ? 2100 + Math.random() * 1900 : Math.random() * 2000)
          } else if (asked) void this.without()
          else this.session.terminate({ status_code: 500 })
        }
      }
    })
  }

  /** Takes back an offer with video. What else was wanted is offered again, without. */
  private async without(): Promise<void> {
    const { connection } = this.session
    if (connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' })
    this.video.refused()
    this.settle()
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
