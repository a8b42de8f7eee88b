import RequestSender from 'jssip/lib/Dialog/RequestSender'
import type { RTCSession } from 'jssip/lib/RTCSession'

/** What JsSIP keeps to itself. Its version is pinned. */
interface Inside {
  _status: number
  _is_canceled: boolean
  _remoteHold: boolean
  _late_sdp: boolean
  _timers: { ackTimer: number | null; invite2xxTimer: number | null }
  _mangleOffer(sdp: string): string
}

// Of its _status.
const waitingForAck = 6
const confirmed = 9

/** The answer to a request that went nowhere (RFC 3261 §8.1.3.1). */
export const unreachable = { status_code: 503 }

/**
 * What JsSIP sends within calls. It would repeat an offer that met another one a second later,
 * as it was and with its old CSeq, which has to be refused: it is told that it has. It would
 * end the call when the connection is lost while a request is on its way: that is a refusal of
 * the request only.
 */
export function mendRequests(): void {
  const { prototype } = RequestSender
  const { send } = prototype
  prototype.send = function () {
    this._reattempt = true
    const handlers = this._eventHandlers
    handlers.onTransportError = () => handlers.onErrorResponse(unreachable)
    send.call(this)
  }
}

/** What a call of JsSIP does. */
export function mend(session: RTCSession): void {
  const inside = session as unknown as Inside
  const terminate = session.terminate.bind(session)
  const mangle = inside._mangleOffer.bind(session)
  // It would leave an answer alone that crosses our CANCEL.
  session.terminate = (options) => {
    if (session.direction === 'outgoing' && !session.isEstablished()) inside._is_canceled = true
    terminate(options)
  }
  // It would offer to send nothing while the far side holds, and be taken at its word then.
  inside._mangleOffer = (sdp) => {
    const held = inside._remoteHold
    inside._remoteHold = false
    try {
      return mangle(sdp)
    } finally {
      inside._remoteHold = held
    }
  }
}

/** The connection is lost, and with it an ACK that was to come, or our answer: the next offer would be refused (403). */
export function forgetAck(session: RTCSession): void {
  const inside = session as unknown as Inside
  if (inside._status !== waitingForAck) return
  window.clearTimeout(inside._timers.ackTimer ?? undefined)
  window.clearTimeout(inside._timers.invite2xxTimer ?? undefined)
  inside._late_sdp = false
  inside._status = confirmed
}
