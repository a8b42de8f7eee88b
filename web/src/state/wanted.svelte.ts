const prefix = '#dial='

/** A number that a link wants to be called. It is shown to be called, never called by itself: anybody can make links. */
class Wanted {
  number = $state('')
  private readonly others = new BroadcastChannel('dialtone.dial')

  constructor() {
    this.others.onmessage = (e) => (this.number = String(e.data))
    window.addEventListener('hashchange', () => this.look(location.hash))
    this.look(location.hash)
    window.launchQueue?.setConsumer(({ targetURL }) => targetURL && this.look(new URL(targetURL).hash))
  }

  private look(hash: string): void {
    if (!hash.startsWith(prefix)) return
    this.number = numberOf(hash.slice(prefix.length))
    history.replaceState(null, '', '#/phone')
    window.dispatchEvent(new HashChangeEvent('hashchange'))
  }

  /** The phone is another tab: it is told. */
  passOn(): void {
    if (this.number) this.others.postMessage(this.number)
    this.number = ''
  }

  take(): string {
    const number = this.number
    this.number = ''
    return number
  }
}

/** The number in "tel:+44-20-7946-0000;ext=1" or "sip:100@pbx.example". */
export function numberOf(link: string): string {
  try {
    const text = decodeURIComponent(decodeURIComponent(link))
    return text.replace(/^(tel|sips?):(\/\/)?/i, '').replace(/[;?@].*$/, '').slice(0, 64)
  } catch {
    return '' // somebody typed it
  }
}

declare global {
  interface Window {
    launchQueue?: { setConsumer(take: (launch: { targetURL?: string }) => void): void }
  }
}

export const wanted = new Wanted()
