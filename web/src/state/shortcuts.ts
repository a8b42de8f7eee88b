import { choices } from './choices.svelte.ts'

const typing = 'input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable], [role=textbox]'

/** The letter of a shortcut, in lower case; '' for keys that are typed, or when shortcuts are off. */
export function letter(e: KeyboardEvent): string {
  if (choices.keys === 'off' || e.repeat || e.isComposing || e.ctrlKey || e.altKey || e.metaKey) return ''
  if (e.target instanceof Element && e.target.matches(typing)) return ''
  return e.key.length === 1 ? e.key.toLowerCase() : ''
}
