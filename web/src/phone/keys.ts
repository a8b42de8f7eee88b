import type { RTCSession } from 'jssip/lib/RTCSession'

const length = 120 // ms
const gap = 80

/** Presses a key: as an event in the audio (RFC 4733), or as INFO to those who take none. */
export function press(session: RTCSession, digit: string): void {
  const dtmf = session.connection?.getSenders().find((s) => s.track?.kind === 'audio')?.dtmf
  if (dtmf?.canInsertDTMF) dtmf.insertDTMF(dtmf.toneBuffer + digit, length, gap)
  else if (session.isEstablished()) session.sendDTMF(digit, { duration: length })
}
