/** A part of a text: plain, or a link. */
export interface Part {
  text: string
  link?: string
}

const address = /\bhttps?:\/\/[^\s<>"]+/gi
const trailing = /[.,:;!?'”’]+$/

/** The parts of a text. Only what says http is a link, and never with the full stop behind it. */
export function parts(text: string): Part[] {
  const out: Part[] = []
  let from = 0
  for (const found of text.matchAll(address)) {
    let link = found[0].replace(trailing, '')
    if (link.endsWith(')') && !link.includes('(')) link = link.slice(0, -1)
    if (!URL.canParse(link)) continue
    if (found.index > from) out.push({ text: text.slice(from, found.index) })
    out.push({ text: link, link })
    from = found.index + link.length
  }
  if (from < text.length) out.push({ text: text.slice(from) })
  return out
}

/** What a message says besides bringing a file: its name and its link are shown as the file. */
export function besides(text: string, file: { id: string; name: string }): string {
  const lines = text.split('\n').filter((line) => !line.includes('/files/' + file.id))
  if (lines[0]?.trim() === file.name) lines.shift()
  return lines.join('\n').trim()
}

/** One to three emoji and nothing else. */
export function onlyEmoji(text: string): boolean {
  return /^(?:\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic})*\s*){1,3}$/u.test(text.trim())
}
