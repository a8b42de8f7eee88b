import type { RTCSession } from 'jssip/lib/RTCSession'

/** What JsSIP keeps to itself. Its version is pinned. */
interface Inside {
  _request: { call_id: string }
  _from_tag: string
  _to_tag: string
}

/** The Call-ID of a call. */
export function callId(session: RTCSession): string {
  return (session as unknown as Inside)._request.call_id
}

/**
 * The Replaces of a call (RFC 3891 §3), as the exchange sees it: its own tag is the
 * to-tag. JsSIP's own takes the tags of the INVITE, which is the wrong way round for
 * calls that came in.
 */
export function replaces(session: RTCSession): string {
  const { _request, _from_tag, _to_tag } = session as unknown as Inside
  const [there, here] = session.direction === 'incoming' ? [_from_tag, _to_tag] : [_to_tag, _from_tag]
  return `${_request.call_id};to-tag=${there};from-tag=${here}`
}
