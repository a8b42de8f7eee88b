import type { Contact, PastCall, Presence } from './api.ts'

/** Somebody to call. Those who are no extension have no state. */
export interface Found {
  extension: string
  name: string
  state?: Presence
  picture?: string
}

const most = 6

/** Those whose number or name begins with, or holds, what was typed; then numbers of past calls. */
export function find(directory: Found[], calls: Pick<PastCall, 'number' | 'name'>[], typed: string, limit = most): Found[] {
  const wanted = plain(typed)
  if (!wanted) return []
  const rank = (p: Found) => {
    const name = plain(p.name)
    const number = digits(p.extension)
    if (p.extension.startsWith(wanted) || number.startsWith(wanted) || name.startsWith(wanted)) return 0
    if (name.split(/[\s-]+/).some((word) => word.startsWith(wanted))) return 1
    return name.includes(wanted) || number.includes(wanted) ? 2 : 3
  }
  const found: Found[] = directory.filter((p) => rank(p) < 3).sort((a, b) => rank(a) - rank(b))
  const known = new Set(directory.map((p) => digits(p.extension)))
  for (const { number, name } of calls) {
    if (known.has(digits(number)) || rank({ extension: number, name }) === 3) continue
    known.add(digits(number))
    found.push({ extension: number, name })
  }
  return found.slice(0, limit)
}

/** Contacts as those who can be called: one for each number. */
export function callable(contacts: Contact[]): Found[] {
  return contacts.flatMap(({ name, company, numbers }) => numbers.map((extension) => ({ extension, name: name || company || '' })))
}

/** Whether what was typed is in a name, a company or a number. */
export function fits(typed: string, ...texts: (string | undefined)[]): boolean {
  const wanted = plain(typed)
  return texts.some((text) => text && (plain(text).includes(wanted) || digits(text).includes(wanted)))
}

/** A number without what makes it readable. */
export function digits(number: string): string {
  return number.replace(/[\s().\/-]/g, '')
}

function plain(text: string): string {
  return text.trim().normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
