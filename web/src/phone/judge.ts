/** How the audio of a call fares, in words["quality." + verdict]. */
export type Verdict = 'good' | 'fair' | 'poor'

/** What is wrong, in words["trouble." + trouble]. */
export type Trouble =
  | 'path' | 'none-in' | 'none-out' | 'loss-in' | 'loss-out' | 'jitter' | 'delay'
  | 'mic-gone' | 'mic-off' | 'mic-silent' | 'muted'

/** Counts and measures of a call at one moment. */
export interface Sample {
  received: number // packets
  lost: number
  sent: number
  lostThere: number // part of those that were sent
  jitter: number // ms
  delay: number // ms, there and back
  energy: number // of the microphone, as it adds up
  connected: boolean
  microphone: 'live' | 'off' | 'gone'
  muted: boolean
  hears: boolean // the other side is expected to be heard
  speaks: boolean
}

export interface Quality {
  verdict: Verdict
  why: Trouble[]
}

// As the exchange judges, too. Parts, and milliseconds.
const badLoss = 0.03
const someLoss = 0.01
const badJitter = 40
const badDelay = 300
const silence = 1e-7 // energy that even a quiet room has more of

const poor = new Set<Trouble>(['path', 'none-in', 'none-out', 'mic-gone', 'mic-off'])

/** What changed between two moments says how the call fares. */
export function judge(before: Sample, now: Sample): Quality {
  const why: Trouble[] = []
  const say = (is: boolean, what: Trouble) => is && why.push(what)
  const received = now.received - before.received
  const lost = Math.max(0, now.lost - before.lost)
  const part = received + lost > 0 ? lost / (received + lost) : 0
  if (!now.connected) why.push('path')
  else {
    say(now.hears && before.hears && received === 0, 'none-in')
    say(now.speaks && before.speaks && now.sent === before.sent, 'none-out')
  }
  say(now.microphone === 'gone', 'mic-gone')
  say(now.microphone === 'off', 'mic-off')
  say(now.muted, 'muted')
  say(!now.muted && now.speaks && now.microphone === 'live' && now.energy - before.energy < silence, 'mic-silent')
  say(part >= someLoss, 'loss-in')
  say(now.lostThere >= someLoss, 'loss-out')
  say(now.jitter >= badJitter, 'jitter')
  say(now.delay >= badDelay, 'delay')
  const bad = why.some((one) => poor.has(one)) || part >= badLoss || now.lostThere >= badLoss
  return { verdict: bad ? 'poor' : why.some((one) => one !== 'muted') ? 'fair' : 'good', why }
}
