import type { PastCall, Person, Presence } from './api.ts'

/** Somebody to call. Those who are no extension have no state. */
export interface Found {
  extension: string
  name: string
  state?: Presence
}

const most = 6

/** Those whose number or name begins with, or holds, what was typed; then numbers of past calls. */
export function find(directory: Person[], calls: PastCall[], typed: string, limit = most): Found[] {
  const wanted = plain(typed)
  if (!wanted) return []
  const rank = (p: Found) => {
    const name = plain(p.name)
    if (p.extension.startsWith(wanted) || name.startsWith(wanted)) return 0
    if (name.split(/[\s-]+/).some((word) => word.startsWith(wanted))) return 1
    return name.includes(wanted) || p.extension.includes(wanted) ? 2 : 3
  }
  const found: Found[] = directory.filter((p) => rank(p) < 3).sort((a, b) => rank(a) - rank(b))
  const known = new Set(directory.map((p) => p.extension))
  for (const { number, name } of calls) {
    if (known.has(number) || rank({ extension: number, name }) === 3) continue
    known.add(number)
    found.push({ extension: number, name })
  }
  return found.slice(0, limit)
}

function plain(text: string): string {
  return text.trim().normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
