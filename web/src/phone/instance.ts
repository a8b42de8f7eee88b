/** The same browser is the same phone after a reload (RFC 5626 §4.1). */
export function instance(): string {
  const kept = localStorage.getItem('dialtone.instance')
  if (kept) return kept
  const fresh = crypto.randomUUID()
  localStorage.setItem('dialtone.instance', fresh)
  return fresh
}
