import type { Devices } from './phone.ts'

const lines = { camera: 720, screen: 1080 } // of a picture, at most

/** What is asked of the microphone. */
export function microphone({ microphone, echo, noise, gain }: Devices): MediaTrackConstraints {
  return {
    deviceId: microphone ? { ideal: microphone } : undefined,
    echoCancellation: echo,
    noiseSuppression: noise,
    autoGainControl: gain
  }
}

/** What is asked of the camera. */
export function camera(id: string): MediaTrackConstraints {
  return {
    deviceId: id ? { ideal: id } : undefined,
    width: { ideal: 1280 },
    height: { ideal: lines.camera },
    frameRate: { ideal: 30, max: 30 }
  }
}

/** What is asked of the screen: it is to be read, so it may be finer, and slower. */
export const screen: MediaTrackConstraints = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { max: 15 } }

/** What sending a picture of so many lines may cost. A camera may be finer than was asked. */
export function limits(source: 'camera' | 'screen', height = 0) {
  return {
    maxBitrate: source === 'camera' ? 1_500_000 : 2_500_000,
    maxFramerate: source === 'camera' ? 30 : 15,
    scaleResolutionDownBy: Math.max(1, height / lines[source])
  }
}

/** Whether the first microphone sounds another way than the second. */
export function soundsOther(a: Devices, b: Devices): boolean {
  return a.microphone !== b.microphone || a.echo !== b.echo || a.noise !== b.noise || a.gain !== b.gain
}

/** Whether a session description has video. */
export function hasVideo(sdp: string): boolean {
  return /^m=video [1-9]/m.test(sdp)
}

/** The codecs that the exchange passes on; others only make offers long. */
export function passedOn<C extends { mimeType: string }>(codecs: C[]): C[] {
  return codecs.filter((c) => /^video\/(vp8|h264|rtx)$/i.test(c.mimeType))
}
