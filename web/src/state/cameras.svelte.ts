/** Whether this browser has what video needs. Nobody is asked: devices without names are enough. */
class Cameras {
  any = $state(false)
  /** The pictures of a call fill the page. */
  large = $state(true)
  readonly screens = 'getDisplayMedia' in (navigator.mediaDevices ?? {})

  constructor() {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.look())
    void this.look()
  }

  private async look(): Promise<void> {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []
    this.any = devices.some((d) => d.kind === 'videoinput')
  }
}

export const cameras = new Cameras()
