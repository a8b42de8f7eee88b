import type { Call } from '../phone/phone.ts'
import { Alert } from './alert.ts'
import { choices } from './choices.svelte.ts'
import { office } from './office.svelte.ts'
import { Ringer } from './ringer.ts'
import { t } from './words.svelte.ts'

/** Lets calls be heard and seen that ring, here or there. */
export class Bell {
  private readonly ringer = new Ringer()
  private readonly alert = new Alert()

  device(id: string): void {
    this.ringer.device(id)
  }

  /** Lines are the calls that do not ring. */
  ring(rings: Call[], lines: Call[]): void {
    const busy = lines.some((c) => c.phase !== 'ended')
    const waits = lines.some((c) => c.phase === 'calling')
    if (rings.length && choices.silent !== 'on') this.ringer.start(busy ? 'waiting' : 'bell')
    else if (waits) this.ringer.start('back')
    else this.ringer.stop()
    this.alert.show(rings.map((c) => ({ id: c.id, title: office.nameOf(c), text: t('incoming.call') })))
  }
}
