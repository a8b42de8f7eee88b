import { microphone as wishes } from '../phone/devices.ts'
import { api, type About, type Me } from '../state/api.ts'
import { choices } from '../state/choices.svelte.ts'
import { telephone } from '../state/telephone.svelte.ts'
import { type Measured, Sounder } from './delay.ts'
import { call, NoLine } from './line.ts'
import { certificate, microphone, paths, registration, webSocket } from './probes.ts'
import { type Level, ok, type Outcome, problem, skipped, type Step, steps, warning } from './steps.ts'

const late = 400 // ms there and back that people notice
const lossy = 2 // per cent

const waiting = (): Record<Step, Outcome> => Object.fromEntries(steps.map((s) => [s, { level: 'waiting', code: '' }])) as Record<Step, Outcome>

/** Finds out what keeps a phone in this browser from working. */
export class Diagnosis {
  found = $state<Record<Step, Outcome>>(waiting())
  running = $state(false)
  done = $state(false)
  /** How loud the microphone is, from 0 to 1. */
  level = $state(0)
  private turn = 0

  /** The worst of all; undefined while it is not known. */
  get verdict(): Level | undefined {
    if (!this.done) return undefined
    const levels = steps.map((s) => this.found[s].level)
    return (['problem', 'warning'] as const).find((l) => levels.includes(l)) ?? 'ok'
  }

  /** Does all tests. me is undefined for who is not logged in. */
  async run(me: Me | undefined): Promise<void> {
    const turn = ++this.turn
    this.found = waiting()
    this.done = false
    this.running = true
    const about = await api.about().catch(() => undefined)
    await this.step('certificate', () => certificate(about))
    await this.step('websocket', () => webSocket(me?.sip.server ?? '/ws'))
    await this.step('registration', async () => registration(me ? telephone.link : undefined))
    await this.step('microphone', () => microphone(wishes(choices.devices), (now) => (this.level = now)))
    await this.step('paths', () => paths(me?.ice.servers ?? []))
    if (turn !== this.turn) return
    await this.calls(me, about)
    this.found.speaker = { level: 'asking', code: 'ask' }
    this.running = false
    this.done = true
  }

  /** Whether the user has heard the sound. */
  heard(yes: boolean): void {
    this.found.speaker = yes ? ok() : problem('deaf')
  }

  stop(): void {
    this.turn++
    this.running = false
  }

  private async step(step: Step, work: () => Promise<Outcome>): Promise<void> {
    this.found[step] = { level: 'busy', code: '' }
    this.found[step] = await work().catch((e) => problem(e instanceof NoLine ? e.code : 'failed'))
  }

  /** Test calls, over each way that audio can take. */
  private async calls(me: Me | undefined, about: About | undefined): Promise<void> {
    const ways = ['udp', 'tcp', 'relay'] as const
    if (!me || !about?.target) {
      for (const s of [...ways, 'echo'] as const) this.found[s] = skipped('out')
      return
    }
    const sounder = new Sounder()
    let measured: Measured | undefined
    try {
      for (const way of ways) {
        if (way === 'relay' && !me.ice.servers.some((s) => String(s.urls).includes('turn'))) {
          this.found.relay = skipped('none')
          continue
        }
        await this.step(way, async () => {
          const line = await call(me, about.target, way, sounder.stream)
          try {
            if (!measured) this.found.echo = { level: 'busy', code: '' }
            measured ??= await sounder.measure(line.pc)
            return ok()
          } finally {
            line.hangUp()
          }
        })
      }
    } finally {
      sounder.close()
    }
    this.judge(measured)
  }

  private judge(m: Measured | undefined): void {
    const closed = (['udp', 'tcp', 'relay'] as const).every((w) => this.found[w].level !== 'ok')
    if (!m) {
      this.found.echo = problem('none')
      return
    }
    // One way is enough; without UDP, audio stutters where the network is bad.
    if (!closed) for (const w of ['udp', 'tcp', 'relay'] as const) if (this.found[w].level === 'problem') this.found[w] = { ...this.found[w], level: 'warning' }
    if (m.delay === undefined) {
      this.found.echo = problem(m.sent ? 'deaf' : 'still')
      return
    }
    const values = { ms: Math.round(m.delay), loss: Math.round(m.loss * 10) / 10, network: Math.round(m.network ?? 0) }
    this.found.echo = m.loss > lossy ? warning('loss', values) : m.delay > late ? warning('late', values) : ok(values)
  }
}
