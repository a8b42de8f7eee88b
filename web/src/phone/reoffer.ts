import type { ReInviteEvent, RTCSession } from 'jssip/lib/RTCSession'
import { mend, unreachable } from './mend.ts'

interface Refusal {
  status_code: number
}

/** What JsSIP keeps to itself. Its version is pinned. */
interface Inside {
  _localHold: boolean
  _remoteHold: boolean
  _onhold(who: string): void
  _onunhold(who: string): void
  _sendReinvite(options: {
    rtcOfferConstraints?: RTCOfferOptions
    eventHandlers: { succeeded(response: { body?: string }): void; failed(response?: Refusal): void }
  }): void
}

const soon = 150 // ms until it is looked again whether an offer may be made
const collided = 491 // Request Pending

/** Whether a description says that who sent it holds the call. */
function holds(sdp: string): boolean {
  const audio = sdp.split(/^m=/m).find((line) => line.startsWith('audio')) ?? ''
  return /^a=(sendonly|inactive)\s*$/m.test(audio)
}

/** What an offer was to change. */
interface Tried {
  before: boolean // the call was held
  restart: boolean
  asked: boolean
}

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
  held = false // as it is wanted
  private restart = false
  private asked = false
  private busy = false
  // From when an offer is made until it has an answer. One that failed in the meantime stays:
  // Chromium may send no voice, or never show what comes, after one was undone.
  private offering = false
  private timer = 0

  constructor(
    private readonly session: RTCSession,
    private readonly video: Shown,
    private readonly changed: (held: boolean) => void
  ) {
    mend(session)
    for (const offer of ['reinvite', 'update'] as const) session.on(offer, (e) => this.meets(e))
    session.on('sdp', (e) => {
      if (e.originator === 'remote' && e.type === 'answer') this.offering = false // its next offer may be here before it is taken
    })
  }

  /**
   * JsSIP refuses what crosses an offer of ours that is sent, and takes it all the same. Of
   * offers that are made, or have to be made again, it does not know.
   */
  private meets({ request, reject }: ReInviteEvent): void {
    if (this.offering && (request.method === 'INVITE' || request.body)) reject({ status_code: collided })
  }

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

  /** The connection is a new one: so are the paths of the audio, and what the old one took with it is asked again. */
  reconnected(): void {
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
    if (inside._localHold === this.held && !this.restart && !asked && !this.offering) return
    if (!this.session.isReadyToReOffer()) {
      this.again(soon)
      return
    }
    const tried = { before: inside._localHold, restart: this.restart, asked }
    this.restart = false
    if (asked) this.asked = false
    this.busy = this.offering = true
    this.direct(inside, this.held)
    this.video.direct(this.held)
    inside._sendReinvite({
      rtcOfferConstraints: tried.restart ? { iceRestart: true } : undefined,
      eventHandlers: {
        succeeded: ({ body }) => {
          this.busy = false
          this.answered(inside, holds(body ?? ''))
          this.changed(inside._localHold)
          this.settle()
        },
        failed: (response) => this.failed(inside, tried, response)
      }
    })
  }

  private failed(inside: Inside, tried: Tried, response?: Refusal): void {
    this.busy = false
    if (this.session.isEnded()) return
    this.restart ||= tried.restart
    this.direct(inside, tried.before)
    if (response === unreachable) {
      this.asked ||= tried.asked // until the connection is there again
    } else if (response?.status_code === collided) {
      this.asked ||= tried.asked
      this.again(this.session.direction === 'outgoing' ? 2100 + Math.random() * 1900 : Math.random() * 2000)
    } else if (tried.asked) void this.without()
    else this.session.terminate({ status_code: 500 })
  }

  /** The answer may say that the far side holds, or does not any more: JsSIP looks at offers only. */
  private answered(inside: Inside, held: boolean): void {
    if (inside._remoteHold === held) return
    inside._remoteHold = held
    if (held) inside._onhold('remote')
    else inside._onunhold('remote')
  }

  /** Takes back an offer with video. What else was wanted is offered again, without. */
  private async without(): Promise<void> {
    const { connection } = this.session
    if (connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' })
    this.offering = false
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
