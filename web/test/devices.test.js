import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from './load.js'

const { camera, hasVideo, limits, microphone, passedOn, soundsOther } = await load('phone/devices.ts')
const chosen = { microphone: 'm', speaker: 's', camera: 'c', echo: true, noise: false, gain: true }

test('the browser is asked for what was chosen', () => {
  assert.deepEqual(microphone(chosen), { deviceId: { ideal: 'm' }, echoCancellation: true, noiseSuppression: false, autoGainControl: true })
  assert.equal(microphone({ ...chosen, microphone: '' }).deviceId, undefined)
  assert.deepEqual(camera('c').deviceId, { ideal: 'c' })
  assert.equal(camera('').deviceId, undefined)
})

test('a microphone is opened again only when it would sound another way', () => {
  assert.equal(soundsOther(chosen, { ...chosen, speaker: 'x', camera: 'x' }), false)
  for (const other of [{ microphone: 'x' }, { echo: false }, { noise: true }, { gain: false }]) assert.equal(soundsOther(chosen, { ...chosen, ...other }), true)
})

test('a picture is no finer than its limit', () => {
  for (const [source, height, down] of [['camera', 720, 1], ['camera', 480, 1], ['camera', 2160, 3], ['screen', 1080, 1], ['screen', 2160, 2], ['camera', undefined, 1]]) {
    assert.equal(limits(source, height).scaleResolutionDownBy, down, `${source} ${height}`)
  }
  assert.ok(limits('camera').maxBitrate < limits('screen').maxBitrate)
})

test('video that is refused is no video', () => {
  assert.equal(hasVideo('m=audio 9 X 0\r\nm=video 9 X 96\r\n'), true)
  assert.equal(hasVideo('m=audio 9 X 0\r\nm=video 0 X 96\r\n'), false)
  assert.equal(hasVideo('m=audio 9 X 0\r\ns=m=video 9\r\n'), false)
  assert.equal(hasVideo(''), false)
})

test('only codecs that are passed on are offered, in the order of the browser', () => {
  const all = ['video/VP8', 'video/rtx', 'video/VP9', 'video/H264', 'video/AV1', 'video/red', 'video/ulpfec'].map((mimeType) => ({ mimeType }))
  assert.deepEqual(passedOn(all).map((c) => c.mimeType), ['video/VP8', 'video/rtx', 'video/H264'])
})
