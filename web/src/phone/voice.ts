/**
 * Puts another microphone into a call: it is muted if the one before was. That one is let
 * go first: while it is in use, Chromium gives the same one again, as it sounds now.
 */
export async function changeMicrophone(pc: RTCPeerConnection, voice: MediaStream, open: () => Promise<MediaStream>): Promise<void> {
  const sender = pc.getSenders().find((s) => s.track?.kind === 'audio')
  const before = sender?.track
  if (!sender || !before) return
  before.stop()
  const [track] = (await open()).getAudioTracks()
  if (!track || pc.connectionState === 'closed') return void track?.stop()
  track.enabled = before.enabled
  await sender.replaceTrack(track)
  voice.removeTrack(before)
  voice.addTrack(track)
}
