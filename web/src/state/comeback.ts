import type { Kept } from '../phone/kept.ts'
import { keptCalls } from '../phone/kept.ts'
import { api } from './api.ts'

/** The calls of an earlier page of this browser that are up still: with them it goes on. */
export async function callsToResume(extension: string): Promise<Kept[]> {
  const kept = keptCalls(extension)
  if (!kept.length) return []
  const up = new Set((await api.callsNow()).map((c) => c.call))
  return kept.filter((one) => up.has(one.sip))
}
