import { worker } from './pwa.svelte.ts'
import { t } from './words.svelte.ts'

interface Ringing {
  id: string
  title: string
  text: string
}

/** As browsers have it and TypeScript does not yet. */
interface Options extends NotificationOptions {
  actions?: { action: string; title: string }[]
}

/** Notifications of the desktop for calls that ring while the page is not looked at. */
export class Alert {
  private readonly shown = new Map<string, Promise<Notification | null>>()

  show(ringing: Ringing[]): void {
    for (const [id, notification] of this.shown) {
      if (ringing.some((r) => r.id === id)) continue
      void notification.then((n) => close(id, n))
      this.shown.delete(id)
    }
    if (!mayAlert()) return
    for (const { id, title, text } of ringing) {
      if (this.shown.has(id) || (document.visibilityState === 'visible' && document.hasFocus())) continue
      this.shown.set(id, notify(id, title, text, true))
    }
  }
}

/**
 * Shows a notification. That of the worker stays when the tab is asleep, and has buttons; without a worker,
 * as with a certificate that the browser does not know, the page shows its own.
 */
export async function notify(id: string, title: string, body: string, call = false): Promise<Notification | null> {
  const options: Options = { body, tag: id, icon: '/icon-192.png', requireInteraction: call }
  const registration = await worker()
  if (registration) {
    if (call) options.actions = [{ action: 'answer', title: t('incoming.answer') }, { action: 'decline', title: t('incoming.decline') }]
    await registration.showNotification(title, { ...options, data: { call: call ? id : '' } }).catch(() => {}) // forbidden since
    return null
  }
  const notification = new Notification(title, options)
  notification.onclick = () => {
    window.focus()
    notification.close()
  }
  return notification
}

async function close(id: string, notification: Notification | null): Promise<void> {
  notification?.close()
  for (const one of (await (await worker())?.getNotifications({ tag: id })) ?? []) one.close()
}

export function mayAlert(): boolean {
  return 'Notification' in window && Notification.permission === 'granted'
}

/** Asks whether notifications may be shown; to be called from a click. */
export async function allowAlerts(): Promise<void> {
  if ('Notification' in window && Notification.permission === 'default') await Notification.requestPermission()
}
