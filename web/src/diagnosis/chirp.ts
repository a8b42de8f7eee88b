// A sound that is found again in what comes back, however codecs have changed it.

export const chirpTime = 0.08 // seconds
const from = 600 // Hz
const to = 2600
const step = 4 // samples: what is compared goes to 6 kHz at least
/** How far what was found must stick out. */
const clear = 7

/** A tone that rises, without a click at its ends. */
export function chirp(rate: number): Float32Array<ArrayBuffer> {
  const n = Math.round(chirpTime * rate)
  const wave = new Float32Array(n)
  for (let i = 0; i < n; i++) {
    const t = i / rate
    const phase = 2 * Math.PI * (from * t + ((to - from) / (2 * chirpTime)) * t * t)
    wave[i] = 0.5 * Math.sin(phase) * Math.sin((Math.PI * i) / n) ** 2
  }
  return wave
}

/** Where in a recording the chirp begins, in seconds; undefined when it is not in it. */
export function find(heard: Float32Array, rate: number): number | undefined {
  const sought = thin(chirp(rate))
  const all = thin(heard)
  const likeness = new Float32Array(Math.max(0, all.length - sought.length + 1))
  let best = 0
  let sum = 0
  for (let at = 0; at < likeness.length; at++) {
    let x = 0
    for (let i = 0; i < sought.length; i++) x += all[at + i]! * sought[i]!
    likeness[at] = x = Math.abs(x)
    sum += x
    if (x > likeness[best]!) best = at
  }
  const usual = sum / likeness.length
  return likeness[best]! > 1e-3 && likeness[best]! > clear * usual ? (best * step) / rate : undefined
}

/** One sample of some, each the mean of those that it stands for. */
function thin(wave: Float32Array): Float32Array {
  const out = new Float32Array(Math.floor(wave.length / step))
  for (let i = 0; i < out.length; i++) {
    let sum = 0
    for (let k = 0; k < step; k++) sum += wave[i * step + k]!
    out[i] = sum / step
  }
  return out
}
