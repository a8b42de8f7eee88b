import type { Film } from './videoline.ts'

/** What is kept of a call, so that it can go on after the page was loaded again. */
export interface Kept {
  /** Its Call-ID, which the exchange knows it by. */
  sip: string
  /** Its Replaces (RFC 3891). */
  replaces: string
  number: string
  name: string
  direction: 'in' | 'out'
  since: number
  held: boolean
  muted: boolean
  film: Film
}

/** What is kept of a call with that Replaces. */
export function keep(call: Omit<Kept, 'replaces' | 'film'> & { video: { film: Film } }, replaces: string): Kept {
  const { sip, number, name, direction, since, held, muted, video } = call
  return { sip, replaces, number, name, direction, since, held, muted, film: video.film }
}

const place = 'dialtone.calls'

// One tab of a browser is its phone: what that one keeps is for the next one, also when a
// tab was closed by mistake.

/** Keeps the calls of an extension; none are forgotten. */
export function keepCalls(extension: string, calls: Kept[]): void {
  if (calls.length) localStorage.setItem(place, JSON.stringify({ extension, calls }))
  else localStorage.removeItem(place)
}

/** The calls that were kept for an extension. */
export function keptCalls(extension: string): Kept[] {
  try {
    const kept = JSON.parse(localStorage.getItem(place) ?? '{}') as { extension?: string; calls?: Kept[] }
    return kept.extension === extension ? (kept.calls ?? []) : []
  } catch {
    return []
  }
}
