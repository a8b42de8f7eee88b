import { t, words } from './words.svelte.ts'

/** "14:05" today, "yesterday", a weekday within a week, else a date. */
export function when(at: string, now = new Date()): string {
  const date = new Date(at)
  const days = Math.round((midnight(now) - midnight(date)) / 86_400_000)
  if (days <= 0) return clock(at)
  if (days === 1) return t('time.yesterday')
  if (days < 7) return format(date, { weekday: 'long' })
  return format(date, { day: 'numeric', month: 'short', year: date.getFullYear() === now.getFullYear() ? undefined : 'numeric' })
}

/** "Today", "Yesterday", else a weekday and a date. */
export function day(at: string, now = new Date()): string {
  const date = new Date(at)
  const days = Math.round((midnight(now) - midnight(date)) / 86_400_000)
  if (days <= 0) return t('time.today')
  if (days === 1) return t('time.yesterday')
  return format(date, { weekday: 'long', day: 'numeric', month: 'long', year: date.getFullYear() === now.getFullYear() ? undefined : 'numeric' })
}

/** The time of day. */
export function clock(at: string): string {
  return format(new Date(at), { hour: '2-digit', minute: '2-digit' })
}

/** "3:07", "1:00:00". */
export function length(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
  return s >= 3600 ? `${Math.floor(s / 3600)}:${rest}` : rest.replace(/^0(?=\d:)/, '')
}

function format(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(words.locale, options).format(date)
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
