const step = 100 // ms

/** How loud a microphone is, from 0 to 1. */
export class Meter {
  on = $state(false)
  level = $state(0)
  private end = () => {}
  private turn = 0

  /** Rejects as getUserMedia does. What was listened to before is let go. */
  async start(open: () => Promise<MediaStream>): Promise<void> {
    this.stop()
    const turn = this.turn
    const stream = await open()
    if (turn !== this.turn) return letGo(stream) // another one was chosen meanwhile
    const context = new AudioContext()
    const analyser = new AnalyserNode(context, { fftSize: 1024 })
    context.createMediaStreamSource(stream).connect(analyser)
    const wave = new Float32Array(analyser.fftSize)
    const timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(wave)
      this.level = Math.min(1, Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length) * 4)
    }, step)
    this.end = () => {
      window.clearInterval(timer)
      letGo(stream)
      void context.close()
    }
    this.on = true
  }

  stop(): void {
    this.turn++
    this.end()
    this.end = () => {}
    this.on = false
    this.level = 0
  }
}

function letGo(stream: MediaStream): void {
  stream.getTracks().forEach((track) => track.stop())
}
