import type { RTCSession } from 'jssip/lib/RTCSession'

/** Ends a call. When its answer crosses our CANCEL it is over as well: JsSIP would leave that answer alone. */
export function leave(session: RTCSession): void {
  if (session.isEnded()) return
  if (session.direction === 'outgoing' && !session.isEstablished()) Object.assign(session, { _is_canceled: true })
  session.terminate()
}
