// What makes the page a program: it is kept by a worker, installed, and counts on its icon.

/** As Chromium has it. */
interface InstallPrompt extends Event {
  prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }>
}

/** The worker, once there is one: after a reload it is there before it is registered again. */
export async function worker(): Promise<ServiceWorkerRegistration | undefined> {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined)
  return registration?.active ? registration : undefined
}

class Pwa {
  private prompt = $state.raw<InstallPrompt | null>(null)

  get installable(): boolean {
    return this.prompt !== null
  }

  start(): void {
    window.addEventListener('beforeinstallprompt', (e) => {
      e.preventDefault() // the settings offer it
      this.prompt = e as InstallPrompt
    })
    window.addEventListener('appinstalled', () => (this.prompt = null))
    // Browsers refuse it where they do not know the certificate: the page works all the same.
    void navigator.serviceWorker?.register('/sw.js').catch(() => {})
  }

  async install(): Promise<void> {
    await this.prompt?.prompt()
    this.prompt = null
  }
}

export const pwa = new Pwa()

/** Shows a number on the icon of the installed page. */
export function badge(count: number): void {
  if ('setAppBadge' in navigator) void navigator.setAppBadge(count).catch(() => {})
}

/** Links to telephone numbers, on any page, are opened by this one. */
export function takeLinks(): void {
  for (const scheme of ['tel', 'sip']) navigator.registerProtocolHandler(scheme, location.origin + '/#dial=%s')
}
