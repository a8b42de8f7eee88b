import type { EndEvent } from 'jssip/lib/RTCSession'
import type { Ending } from './phone.ts'

/** Why a call ended, by what JsSIP says of it. */
export function whyEnded(e: EndEvent, direction: 'in' | 'out', answered: boolean): Ending {
  const message = e.message as { status_code?: number; getHeader?(name: string): string | undefined } | null
  if (answered) return e.cause === 'Connection Error' ? 'network' : 'normal'
  if (e.originator === 'local') return e.cause === 'User Denied Media Access' ? 'microphone' : 'cancelled'
  if (direction === 'in') return takenBack(message?.getHeader?.('reason') ?? '')
  if (message?.status_code) return endingOf(message.status_code)
  return e.cause === 'Connection Error' || e.cause === 'Request Timeout' ? 'network' : 'failed'
}

/** Why a call ended, by the SIP status that refused it. */
export function endingOf(status: number): Ending {
  switch (status) {
    case 486:
    case 600:
      return 'busy'
    case 603:
      return 'declined'
    case 404:
    case 484:
    case 485:
    case 604:
      return 'not-found'
    case 480:
      return 'unavailable'
    case 408:
      return 'no-answer'
    case 487:
      return 'cancelled'
    case 401:
    case 403:
    case 407:
      return 'forbidden'
    case 415:
    case 488:
    case 606:
      return 'media'
  }
  return 'failed'
}

/** Why a call that rang here was taken back, by the Reason of the CANCEL (RFC 3326). */
export function takenBack(reason: string): Ending {
  return /;\s*cause=200\b/.test(reason) ? 'elsewhere' : 'cancelled'
}
