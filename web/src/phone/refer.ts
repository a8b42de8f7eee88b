import { URI } from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession'
import { address } from './number.ts'
import { replaces } from './replaces.ts'

/** Where a call is sent: a number, or one's place in another call with that number. */
export function destination(number: string, domain: string, other?: RTCSession): URI | undefined {
  const target = URI.parse(address(number, domain))
  if (other) target?.setHeader('Replaces', encodeURIComponent(replaces(other)))
  return target
}

/** Sends the far side of a call elsewhere (RFC 3515). */
export function refer(session: RTCSession, target: URI | undefined, accepted: () => void, refused: () => void): void {
  if (!target) return refused()
  session.refer(target, { eventHandlers: { accepted, failed: refused, requestFailed: refused } })
}
