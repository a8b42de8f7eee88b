import type { RTCSession } from 'jssip/lib/RTCSession'
import { judge, type Quality, type Sample } from './judge.ts'

type Known = Pick<Sample, 'muted' | 'hears' | 'speaks'>

/** What of a call is known elsewhere. */
interface State {
  readonly muted: boolean
  readonly held: boolean
  readonly heldThere: boolean
}

/** Measures a call each time it is asked: what happened since the last time. */
export class Gauge {
  private before: Sample | null = null

  /** Null before two moments can be compared. Without others, silence is no fault. */
  async read(session: RTCSession, { muted, held, heldThere }: State, others: boolean): Promise<Quality | null> {
    const pc = session.connection
    if (!pc || !session.isEstablished()) return null
    const talks = !held && !heldThere
    const sample = { ...(await take(pc)), muted, hears: talks && others, speaks: talks }
    const { before } = this
    this.before = sample
    return before ? judge(before, sample) : null
  }
}

async function take(pc: RTCPeerConnection): Promise<Omit<Sample, keyof Known>> {
  const sample = { received: 0, lost: 0, sent: 0, lostThere: 0, jitter: 0, delay: 0, energy: 0 }
  for (const s of (await pc.getStats()).values()) {
    if (s.kind === 'video') continue
    if (s.type === 'inbound-rtp') {
      sample.received = s.packetsReceived ?? 0
      sample.lost = s.packetsLost ?? 0
      sample.jitter = (s.jitter ?? 0) * 1000
    } else if (s.type === 'outbound-rtp') sample.sent = s.packetsSent ?? 0
    else if (s.type === 'remote-inbound-rtp') sample.lostThere = s.fractionLost ?? 0
    else if (s.type === 'media-source') sample.energy = s.totalAudioEnergy ?? Infinity // unknown is not silent
    else if (s.type === 'candidate-pair' && s.nominated) sample.delay = (s.currentRoundTripTime ?? 0) * 1000
  }
  const track = pc.getSenders().find((s) => s.track?.kind === 'audio')?.track
  const microphone = !track || track.readyState === 'ended' ? 'gone' : track.muted ? 'off' : 'live'
  return { ...sample, microphone, connected: pc.connectionState === 'connected' }
}
