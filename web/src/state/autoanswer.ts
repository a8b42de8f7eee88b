import type { Call } from '../phone/phone.ts'
import { choices } from './choices.svelte.ts'

/** Answers calls by itself: where the exchange asks for it, or its user does. Never in another call. */
export class AutoAnswer {
  constructor(
    private readonly idle: (but: Call) => boolean,
    private readonly answer: (call: Call) => void
  ) {}

  look(call: Call): void {
    const chosen = choices.answer === '' ? -1 : Number(choices.answer)
    const after = call.answerAfter >= 0 ? call.answerAfter : chosen
    if (after < 0) return
    window.setTimeout(() => {
      if (call.phase === 'ringing' && this.idle(call)) this.answer(call)
    }, after * 1000)
  }
}
