import type { Ending } from './phone.ts'

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
