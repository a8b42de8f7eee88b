import type { Call } from '../phone/phone.ts'
import { api, Refused, type CallNow, type Recording } from './api.ts'

/** What the exchange knows of the calls that are up, by its events. */
class Now {
  private calls = $state.raw<CallNow[]>([])
  /** Why something was not done: words["error." + trouble]. */
  trouble = $state('')

  take(calls: CallNow[]): void {
    this.calls = calls
  }

  of(call: Call): CallNow | undefined {
    return this.calls.find((c) => c.call === call.sip)
  }

  record(call: Call, what: Recording): Promise<boolean> {
    return this.ask(api.record(call.sip, what))
  }

  /** Brings calls into one conference; the first is the way into it. */
  merge(calls: Call[]): Promise<boolean> {
    return this.ask(api.merge(calls.map((c) => c.sip)))
  }

  member(call: Call, id: string, what: 'mute' | 'unmute' | 'remove'): Promise<boolean> {
    return this.ask(api.member(call.sip, id, what))
  }

  private async ask(done: Promise<void>): Promise<boolean> {
    this.trouble = ''
    try {
      await done
      return true
    } catch (e) {
      this.trouble = e instanceof Refused ? e.code : 'failed'
      return false
    }
  }
}

export const now = new Now()
