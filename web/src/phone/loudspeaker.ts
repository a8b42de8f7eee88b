/** What is heard of a call, on a device. */
export class Loudspeaker {
  private readonly sound = new Audio()
  private readonly again = () => this.play()

  hear(stream: MediaStream | null): void {
    this.sound.srcObject = stream
  }

  on(device: string): void {
    const { sound } = this
    if (!sound.srcObject) return
    // A device that was unplugged: the usual one is used.
    void (sound.setSinkId?.(device) ?? Promise.resolve()).catch(() => {}).then(() => this.play())
  }

  /** Browsers that were given no click since the page was loaded want one first. */
  private play(): void {
    document.removeEventListener('pointerdown', this.again)
    if (!this.sound.srcObject) return
    void this.sound.play().catch((e: unknown) => {
      if (e instanceof DOMException && e.name === 'NotAllowedError') document.addEventListener('pointerdown', this.again, { once: true })
    })
  }
}
