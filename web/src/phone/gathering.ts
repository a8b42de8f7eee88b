import type { RTCSession } from 'jssip/lib/RTCSession'

// For how many ms an offer waits for all addresses of this computer, and for those by which
// servers elsewhere see it.
const ownAddresses = 20
const seenAddresses = 100

/** Looks for the addresses of this browser, for an offer or an answer: not for too long. */
export class Gathering {
  private timer = 0
  private ready: (() => void) | null = null

  constructor(session: RTCSession) {
    session.on('icecandidate', (e) => {
      // The exchange takes what it was not told of: an offer does not wait for a relay.
      if (this.ready !== e.ready) {
        this.stop()
        this.timer = window.setTimeout(e.ready, asksElsewhere(session.connection) ? seenAddresses : ownAddresses)
        this.ready = e.ready
      }
      if (e.candidate.type !== 'host') e.ready()
    })
  }

  stop(): void {
    window.clearTimeout(this.timer)
  }
}

/** Whether others than the exchange say how they see us: its relay knows no more than itself. */
function asksElsewhere(pc: RTCPeerConnection | undefined): boolean {
  const urls = pc?.getConfiguration().iceServers?.flatMap((s) => s.urls) ?? []
  return urls.some((u) => !u.includes(location.hostname))
}
