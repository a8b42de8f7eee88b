import type { Link } from '../phone/phone.ts'
import type { About } from '../state/api.ts'
import { ok, type Outcome, problem, skipped, warning, within } from './steps.ts'

const patience = 5000 // ms
const loud = 0.01 // of a microphone that hears somebody
const listening = 6000 // ms until it counts as silent

/** Whether the browser trusts where the page is from. */
export async function certificate(about: About | undefined): Promise<Outcome> {
  if (!window.isSecureContext) return problem('insecure')
  // Browsers let no worker in where they do not know the certificate.
  const known = Boolean(await within(patience, navigator.serviceWorker?.getRegistration() ?? Promise.resolve(undefined)))
  return about?.certificate === 'own' && !known ? warning('own') : ok()
}

/** A connection of its own, and how fast it answers (RFC 5626 §4.4.1). */
export async function webSocket(server: string): Promise<Outcome> {
  const url = new URL(server, location.href)
  url.protocol = 'wss:'
  const socket = new WebSocket(url, 'sip')
  try {
    const opened = await within(patience, new Promise<boolean>((done) => {
      socket.onopen = () => done(true)
      socket.onclose = () => done(false)
    }))
    if (!opened) return problem('closed')
    let best = Infinity
    for (let i = 0; i < 3; i++) {
      const began = performance.now()
      const answered = within(patience, new Promise<boolean>((done) => (socket.onmessage = () => done(true))))
      socket.send('\r\n\r\n')
      if (!(await answered)) return problem('silent')
      best = Math.min(best, performance.now() - began)
    }
    return ok({ ms: Math.max(1, Math.round(best)) })
  } finally {
    socket.onclose = null
    socket.close()
  }
}

export function registration(link: Link | undefined): Outcome {
  if (link === undefined) return skipped('out')
  if (link === 'ready') return ok()
  return link === 'refused' ? problem('refused') : problem('offline')
}

/** Listens until somebody is heard; level is called with how loud it is, from 0 to 1. */
export async function microphone(wanted: MediaTrackConstraints, level: (now: number) => void): Promise<Outcome> {
  if (!navigator.mediaDevices) return problem('SecurityError')
  let stream: MediaStream
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: wanted })
  } catch (e) {
    return problem(e instanceof DOMException ? e.name : 'failed')
  }
  const context = new AudioContext()
  try {
    const [track] = stream.getAudioTracks()
    const values = { name: track?.label ?? '' }
    const heard = await hears(context, stream, level)
    if (track?.muted) return problem('muted', values)
    return heard ? ok(values) : warning('quiet', values)
  } finally {
    level(0)
    stream.getTracks().forEach((track) => track.stop())
    void context.close()
  }
}

async function hears(context: AudioContext, stream: MediaStream, level: (now: number) => void): Promise<boolean> {
  const ear = new AnalyserNode(context, { fftSize: 1024 })
  context.createMediaStreamSource(stream).connect(ear)
  const wave = new Float32Array(ear.fftSize)
  const latest = performance.now() + listening
  for (let heard = 0; performance.now() < latest; ) {
    await new Promise((done) => setTimeout(done, 100))
    ear.getFloatTimeDomainData(wave)
    const now = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length)
    level(Math.min(1, now * 4))
    if (now > loud && ++heard >= 5) return true // half a second is no click
  }
  return false
}

/** Which addresses the browser finds for its audio. */
export async function paths(servers: RTCIceServer[]): Promise<Outcome> {
  const pc = new RTCPeerConnection({ iceServers: servers })
  const found = { host: 0, srflx: 0, relay: 0, prflx: 0 }
  try {
    const done = new Promise<void>((end) => {
      pc.onicecandidate = (e) => {
        if (!e.candidate) end()
        else if (e.candidate.type) found[e.candidate.type]++
      }
    })
    pc.addTransceiver('audio')
    await pc.setLocalDescription()
    await within(patience, done)
  } finally {
    pc.close()
  }
  const { host, srflx, relay } = found
  const values = { host, srflx, relay }
  return host + srflx + relay ? ok(values) : warning('none', values)
}
