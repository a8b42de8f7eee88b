import { chirp, find } from './chirp.ts'
import { within } from './steps.ts'

/** How a call fares. */
export interface Measured {
  /** There and back, in ms, as it is heard; undefined when nothing came back. */
  delay: number | undefined
  /** Of the network alone, in ms, when it is known. */
  network: number | undefined
  /** Packets lost, in per cent, the worse way. */
  loss: number
  heard: number // of the chirps
  sent: number // none when there is no sound card to play them by
}

const chirps = 5
const size = 32768 // samples that are looked at: 683 ms at 48 kHz
const pause = 0.75 // seconds from one chirp to the next
const patience = 5000 // ms for the sound card to begin

/** What is sent into a test call, and how long it takes to come back. */
export class Sounder {
  private readonly context = new AudioContext({ sampleRate: 48000 })
  private readonly out = this.context.createMediaStreamDestination()
  private readonly sound = new Audio()

  get stream(): MediaStream {
    return this.out.stream
  }

  async measure(pc: RTCPeerConnection): Promise<Measured> {
    // Without a sound card, Firefox waits for one.
    const runs = await within(patience, this.context.resume().then(() => true))
    if (!runs) return { delay: undefined, ...(await counted(pc)), heard: 0, sent: 0 }
    const ear = this.listen(pc)
    const delays: number[] = []
    for (let i = 0; i < chirps; i++) {
      const delay = await this.once(ear)
      if (delay !== undefined) delays.push(delay * 1000)
    }
    ear.disconnect()
    const { network, loss } = await counted(pc)
    delays.sort((a, b) => a - b)
    return { delay: delays[Math.floor(delays.length / 2)], network, loss, heard: delays.length, sent: chirps }
  }

  close(): void {
    this.sound.srcObject = null
    void this.context.close()
  }

  private listen(pc: RTCPeerConnection): AnalyserNode {
    const stream = new MediaStream(pc.getReceivers().map((r) => r.track).filter((t) => t.kind === 'audio'))
    // Chromium gives audio of calls only to who plays them.
    this.sound.srcObject = stream
    this.sound.muted = true
    void this.sound.play().catch(() => {})
    const ear = new AnalyserNode(this.context, { fftSize: size })
    this.context.createMediaStreamSource(stream).connect(ear)
    return ear
  }

  private async once(ear: AnalyserNode): Promise<number | undefined> {
    const { context } = this
    const wave = chirp(context.sampleRate)
    const buffer = context.createBuffer(1, wave.length, context.sampleRate)
    buffer.copyToChannel(wave, 0)
    const source = new AudioBufferSourceNode(context, { buffer })
    source.connect(this.out)
    const began = context.currentTime + 0.04
    const length = size / context.sampleRate
    source.start(began)
    await until(context, began + length)
    const heard = new Float32Array(size)
    ear.getFloatTimeDomainData(heard)
    const first = context.currentTime - length
    const at = find(heard, context.sampleRate)
    await until(context, began + pause)
    return at === undefined ? undefined : Math.max(0, first + at - began)
  }
}

/** Waits for a time of the context, which may stand still. */
async function until(context: AudioContext, time: number): Promise<void> {
  const latest = performance.now() + 5000
  while (context.currentTime < time && performance.now() < latest) await new Promise((done) => setTimeout(done, 10))
}

/** What the browser has counted. */
async function counted(pc: RTCPeerConnection): Promise<{ network: number | undefined; loss: number }> {
  let network: number | undefined
  let loss = 0
  for (const s of (await pc.getStats()).values()) {
    if (s.type === 'inbound-rtp' && s.packetsReceived) loss = Math.max(loss, (100 * s.packetsLost) / (s.packetsLost + s.packetsReceived))
    if (s.type === 'remote-inbound-rtp') loss = Math.max(loss, 100 * (s.fractionLost ?? 0))
    if (s.type === 'candidate-pair' && s.nominated && s.currentRoundTripTime !== undefined) network = s.currentRoundTripTime * 1000
  }
  return { network, loss }
}
