/** What is looked at, in this order. */
export const steps = ['certificate', 'websocket', 'registration', 'microphone', 'paths', 'udp', 'tcp', 'relay', 'echo', 'speaker'] as const
export type Step = (typeof steps)[number]

/** "asking": only the user knows. */
export type Level = 'waiting' | 'busy' | 'asking' | 'ok' | 'warning' | 'problem' | 'skipped'

/** How a step came out: words["check." + step + "." + code], or an error of the browser. */
export interface Outcome {
  level: Level
  code: string
  values?: Record<string, string | number>
}

export const ok = (values?: Outcome['values']): Outcome => ({ level: 'ok', code: 'ok', values })
export const warning = (code: string, values?: Outcome['values']): Outcome => ({ level: 'warning', code, values })
export const problem = (code: string, values?: Outcome['values']): Outcome => ({ level: 'problem', code, values })
export const skipped = (code: string): Outcome => ({ level: 'skipped', code })

/** Waits, but not for ever: undefined when it took too long. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer = 0
  const late = new Promise<undefined>((end) => (timer = window.setTimeout(() => end(undefined), ms)))
  try {
    return await Promise.race([work, late])
  } finally {
    window.clearTimeout(timer)
  }
}
