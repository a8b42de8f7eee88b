import { limits, passedOn } from './devices.ts'
import type { Source } from './phone.ts'

/** Where pictures come from. Both reject with a DOMException. */
export interface Pictures {
  camera(): Promise<MediaStreamTrack>
  screen(): Promise<MediaStreamTrack>
}

/** What a call has of video: this side shows itself, or sees something at least. */
export type Film = '' | 'seen' | 'camera'

/** A camera to begin a call with, or why there is none: the call is made without. */
export interface Found {
  track: MediaStreamTrack | null
  trouble: string
}

export async function findCamera(pictures: Pictures, voice: MediaStream): Promise<Found> {
  try {
    const track = await pictures.camera()
    voice.addTrack(track)
    return { track, trouble: '' }
  } catch (e) {
    return { track: null, trouble: nameOf(e) }
  }
}

/** The line of a connection that has pictures. */
export function lineOf(pc: RTCPeerConnection): RTCRtpTransceiver | undefined {
  return pc
    .getTransceivers()
    .find((t) => t.receiver.track.kind === 'video' && t.direction !== 'stopped' && t.currentDirection !== 'stopped')
}

/** Readies a line for what is shown: its codecs, what it may cost, and the voice it belongs to. */
export function fit(line: RTCRtpTransceiver, source: Source, track: MediaStreamTrack | null, voice: MediaStream | null): void {
  const codecs = passedOn(RTCRtpReceiver.getCapabilities('video')?.codecs ?? [])
  if (codecs.length) line.setCodecPreferences(codecs)
  if (!source) return
  // The same stream as the voice: lips and words stay together.
  if (voice) line.sender.setStreams?.(voice)
  const parameters = line.sender.getParameters()
  const [encoding] = parameters.encodings ?? []
  if (!encoding) return
  Object.assign(encoding, limits(source, track?.getSettings().height))
  void line.sender.setParameters(parameters).catch(() => {}) // the connection is closing
}

/** Why there is no picture: the name of what getUserMedia threw. */
export function nameOf(e: unknown): string {
  return e instanceof DOMException || (e instanceof Error && e.name === 'OverconstrainedError') ? e.name : 'failed'
}

/** The stream of that one track: the same one as before, so that the picture does not blink. */
export function only(before: MediaStream | null, track: MediaStreamTrack): MediaStream {
  return before?.getVideoTracks()[0] === track ? before : new MediaStream([track])
}
