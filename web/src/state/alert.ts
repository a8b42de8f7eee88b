interface Ringing {
  id: string
  title: string
  text: string
}

/** Notifications of the desktop for calls that ring while the page is not looked at. */
export class Alert {
  private readonly shown = new Map<string, Notification>()

  show(ringing: Ringing[]): void {
    for (const [id, notification] of this.shown) {
      if (ringing.some((r) => r.id === id)) continue
      notification.close()
      this.shown.delete(id)
    }
    if (!('Notification' in window) || Notification.permission !== 'granted') return
    for (const { id, title, text } of ringing) {
      if (this.shown.has(id) || (document.visibilityState === 'visible' && document.hasFocus())) continue
      this.shown.set(id, this.notify(id, title, text))
    }
  }

  private notify(id: string, title: string, body: string): Notification {
    const notification = new Notification(title, { body, tag: id, icon: '/icon.svg', requireInteraction: true })
    notification.onclick = () => {
      window.focus()
      notification.close()
    }
    return notification
  }
}

/** Asks whether notifications may be shown; to be called from a click. */
export async function allowAlerts(): Promise<void> {
  if ('Notification' in window && Notification.permission === 'default') await Notification.requestPermission()
}
