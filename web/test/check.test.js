import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from './load.js'

const { chirp, find } = await load('diagnosis/chirp.ts')
const rate = 48000

/** A recording in which the chirp begins at a time, as a line makes it. */
function recording(at, loudness = 1, noise = 0, size = 32768) {
  const out = new Float32Array(size)
  let seed = 1
  for (let i = 0; i < size; i++) {
    seed = (seed * 48271) % 2147483647
    out[i] = noise * (seed / 1073741823 - 1)
  }
  if (at !== undefined) chirp(rate).forEach((x, i) => (out[Math.round(at * rate) + i] += x * loudness))
  return out
}

test('the chirp is found where it is, quiet, noisy, and only when it is there', () => {
  for (const at of [0, 0.0123, 0.55]) {
    for (const [loudness, noise] of [[0.05, 0.001], [1, 0.1]]) {
      const found = find(recording(at, loudness, noise), rate)
      assert.ok(found !== undefined && Math.abs(found - at) < 0.001, `${at}, loudness ${loudness}, noise ${noise}: ${found}`)
    }
  }
  assert.equal(find(recording(undefined), rate), undefined)
  assert.equal(find(recording(undefined, 1, 0.3), rate), undefined)
  const tone = Float32Array.from({ length: 32768 }, (_, i) => 0.3 * Math.sin((2 * Math.PI * 1000 * i) / rate))
  assert.equal(find(tone, rate), undefined)
})
