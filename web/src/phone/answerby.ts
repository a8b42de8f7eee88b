/**
 * After how many seconds the exchange wants a call to be answered by itself: it is an
 * intercom, or a page. -1: it does not.
 */
export function answerAfter(callInfo: string, alertInfo: string): number {
  const after = /;\s*answer-after\s*=\s*(\d{1,3})/i.exec(callInfo)
  if (after) return Number(after[1])
  if (!/;\s*info\s*=\s*"?(alert-autoanswer|auto-answer)\b/i.test(alertInfo)) return -1
  return Number(/;\s*delay\s*=\s*(\d{1,3})/i.exec(alertInfo)?.[1] ?? 0)
}
