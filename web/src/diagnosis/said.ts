import { coded, has, t, type Key } from '../state/words.svelte.ts'
import type { Diagnosis } from './diagnosis.svelte.ts'
import { type Level, type Outcome, type Step, steps } from './steps.ts'

/** What was found, in words. */
export function said(step: Step, { level, code, values }: Outcome): string {
  if (level === 'waiting' || level === 'busy') return ''
  const key = `check.${step}.${code}`
  if (has(key)) return t(key, values)
  // Errors of browsers have names with capitals.
  return /^[A-Z]/.test(code) ? coded('error', code) : t('check.failed')
}

/** What to do about it; '' when there is nothing to do, or to say. */
export function advice(step: Step, { code }: Outcome): string {
  const key = `check.${step}.${code}.do`
  return has(key) ? t(key) : ''
}

export const nameOf = (step: Step): string => t(`check.name.${step}` as Key)
export const levelOf = (level: Level): string => t(`check.level.${level}` as Key)

/** All that was found, for whoever runs the exchange. */
export function report(diagnosis: Diagnosis, extension: string): string {
  const lines = [
    `Dialtone ${location.host}, ${extension || '-'}, ${new Date().toISOString()}`,
    navigator.userAgent,
    ''
  ]
  for (const step of steps) {
    const found = diagnosis.found[step]
    const values = Object.entries(found.values ?? {}).map(([name, value]) => `${name}=${value}`).join(' ')
    lines.push(`${found.level.padEnd(8)} ${step}.${found.code} ${values}`.trimEnd(), `         ${nameOf(step)}: ${said(step, found)}`)
  }
  return lines.join('\n') + '\n'
}
