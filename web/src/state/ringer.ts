/** What is to be heard: a bell for a call, a short one in a call, or what callers hear. */
export type Ring = 'bell' | 'waiting' | 'back'

// Frequencies in Hz; seconds of sound and of silence; loudness.
const rings: Record<Ring, { tones: number[]; on: number; off: number; gain: number }> = {
  bell: { tones: [440, 554], on: 1, off: 2, gain: 0.16 },
  waiting: { tones: [440], on: 0.2, off: 3.8, gain: 0.05 },
  back: { tones: [425], on: 1, off: 3, gain: 0.05 }
}

/** Rings, on a device of its own: the bell may come from a loudspeaker while calls go to a headset. */
export class Ringer {
  private context: AudioContext | null = null
  private now: Ring | null = null
  private timer = 0
  private sink = localStorage.getItem('dialtone.ringer') ?? ''

  device(id: string): void {
    this.sink = id
  }

  start(ring: Ring): void {
    if (this.now === ring) return
    this.stop()
    this.now = ring
    const context = new AudioContext()
    this.context = context
    if (ring === 'bell' && this.sink && 'setSinkId' in context) {
      void (context.setSinkId as (id: string) => Promise<void>)(this.sink).catch(() => {}) // unplugged: the usual one
    }
    const { on, off } = rings[ring]
    const turn = () => this.sound(context, ring)
    turn()
    this.timer = window.setInterval(turn, (on + off) * 1000)
  }

  private sound(context: AudioContext, ring: Ring): void {
    const { tones, on, gain } = rings[ring]
    const from = context.currentTime
    const level = context.createGain()
    level.connect(context.destination)
    level.gain.setValueAtTime(0, from)
    level.gain.linearRampToValueAtTime(gain, from + 0.02)
    level.gain.setValueAtTime(gain, from + on - 0.04)
    level.gain.linearRampToValueAtTime(0, from + on)
    for (const frequency of tones) {
      const tone = new OscillatorNode(context, { frequency })
      tone.connect(level)
      tone.start(from)
      tone.stop(from + on)
    }
  }

  stop(): void {
    window.clearInterval(this.timer)
    void this.context?.close()
    this.context = null
    this.now = null
  }
}
