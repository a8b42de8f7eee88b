import { mayAlert, notify } from './alert.ts'
import { office } from './office.svelte.ts'
import { badge } from './pwa.svelte.ts'
import { telephone } from './telephone.svelte.ts'
import { t } from './words.svelte.ts'

let told = new Set<string>()

/** Does what was clicked on in a notification; to be undone. */
export function obeyNotices(): () => void {
  const obey = (e: MessageEvent<{ act: string; call?: string }>) => {
    const call = telephone.ringing.find((c) => c.id === e.data.call)
    if (call && e.data.act === 'answer') void telephone.answer(call)
    else if (call && e.data.act === 'decline') call.decline()
  }
  navigator.serviceWorker?.addEventListener('message', obey)
  return () => navigator.serviceWorker?.removeEventListener('message', obey)
}

/** Counts what is new on the icon, and tells of messages that come while nobody looks; runs again when they change. */
export function tellOfNews(): void {
  badge(office.missed + office.newVoice + office.unread)
  const unread = (office.chats.value ?? []).filter((c) => office.isUnread(c))
  const known = told
  told = new Set(unread.map((c) => c.with + c.last))
  if (document.visibilityState === 'visible' || !mayAlert()) return
  for (const chat of unread) {
    if (known.has(chat.with + chat.last)) continue
    void notify('chat-' + chat.with, chat.name || office.nameOfNumber(chat.with), chat.file ? t('messages.file', { name: chat.file }) : chat.text)
  }
}
