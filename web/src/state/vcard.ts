import type { Contact } from './api.ts'

type New = Omit<Contact, 'id'>

const longest = 100 // letters of a name
const mostNumbers = 5

/** The contacts in a file of vCards (RFC 6350, and the 2.1 and 3.0 before it). */
export function fromVCards(text: string): New[] {
  const out: New[] = []
  let now: New | null = null
  // Lines that begin with a space go on with the one before; so do those of 2.1 that end in "=".
  for (const line of text.replace(/=\r?\n/g, '').replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    const [, name = '', options = '', raw = ''] = /^(?:[^.:;]+\.)?([\w-]+)((?:;[^:]*)?):(.*)$/.exec(line) ?? []
    const whole = /ENCODING=QUOTED-PRINTABLE/i.test(options) ? quotedPrintable(raw) : raw
    const value = plain(whole)
    switch (name.toUpperCase()) {
      case 'BEGIN':
        now = { name: '', numbers: [] }
        break
      case 'FN':
        if (now) now.name = value.slice(0, longest)
        break
      case 'N':
        if (now && !now.name) now.name = whole.split(';').slice(0, 2).reverse().map(plain).join(' ').trim().slice(0, longest)
        break
      case 'ORG':
        if (now) now.company = plain(whole.split(/(?<!\\);/)[0] ?? '').slice(0, longest)
        break
      case 'EMAIL':
        if (now && !now.email) now.email = value.slice(0, longest)
        break
      case 'TEL':
        if (now && now.numbers.length < mostNumbers) now.numbers.push(value.replace(/^tel:/i, '').slice(0, 64))
        break
      case 'END':
        if (now && (now.name || now.company || now.numbers.length)) out.push(now)
        now = null
    }
  }
  return out
}

/** A file of vCards 3.0, which most programs read. */
export function toVCards(contacts: Contact[]): string {
  return contacts
    .map(({ name, company, email, numbers }) =>
      [
        'BEGIN:VCARD', 'VERSION:3.0', `N:;${escaped(name)};;;`, `FN:${escaped(name || company || '')}`, ...(company ? [`ORG:${escaped(company)}`] : []),
        ...numbers.map((n) => `TEL:${escaped(n)}`), ...(email ? [`EMAIL:${escaped(email)}`] : []), 'END:VCARD', ''
      ].join('\r\n')
    )
    .join('')
}

function escaped(text: string): string {
  return text.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n')
}

function plain(text: string): string {
  return text.replace(/\\n/gi, ' ').replace(/\\([\\,;:])/g, '$1').trim()
}

function quotedPrintable(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%/g, '%25').replace(/=([0-9A-F]{2})/gi, '%$1'))
  } catch {
    return text // another character set
  }
}
