import { camera, microphone, screen } from './devices.ts'
import type { Devices } from './phone.ts'

/** The microphone that is wanted. */
export async function listen(wanted: Devices): Promise<MediaStream> {
  return (await devices()).getUserMedia({ audio: microphone(wanted) })
}

/** The camera that is wanted. */
export async function film(wanted: Devices): Promise<MediaStreamTrack> {
  return picture(await (await devices()).getUserMedia({ video: camera(wanted.camera) }), 'motion')
}

/** The screen, or a part of it. */
export async function share(): Promise<MediaStreamTrack> {
  return picture(await (await devices()).getDisplayMedia({ video: screen, audio: false }), 'detail')
}

/** Pages that did not come over a trusted connection have no devices. */
async function devices(): Promise<MediaDevices> {
  if (!navigator.mediaDevices) throw new DOMException('', 'SecurityError')
  return navigator.mediaDevices
}

/** A picture: what it shows is to be fluent, or to be read. */
function picture(stream: MediaStream, hint: 'motion' | 'detail'): MediaStreamTrack {
  const [track] = stream.getVideoTracks()
  if (!track) throw new DOMException('', 'NotFoundError')
  track.contentHint = hint
  return track
}
