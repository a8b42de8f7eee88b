import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from './load.js'

const { judge } = await load('phone/judge.ts')
const { answerAfter } = await load('phone/answerby.ts')

const sample = {
  received: 1000, lost: 5, sent: 1000, lostThere: 0, jitter: 3, delay: 20, energy: 1,
  connected: true, microphone: 'live', muted: false, hears: true, speaks: true
}
const later = { ...sample, received: 1100, sent: 1100, energy: 1.2 }

test('a call is judged by what happened since the last look', () => {
  for (const [name, change, verdict, ...why] of [
    ['all is well', {}, 'good'],
    ['muted is not bad', { muted: true, energy: 1 }, 'good', 'muted'],
    ['a little is lost', { received: 1098, lost: 7 }, 'fair', 'loss-in'],
    ['much is lost', { received: 1080, lost: 25 }, 'poor', 'loss-in'],
    ['much is lost on the way there', { lostThere: 0.2 }, 'poor', 'loss-out'],
    ['what was lost before is over', { lost: 5 }, 'good'],
    ['nothing comes', { received: 1000 }, 'poor', 'none-in'],
    ['nothing comes from who holds', { received: 1000, hears: false }, 'good'],
    ['nothing is sent', { sent: 1000 }, 'poor', 'none-out'],
    ['the microphone is silent', { energy: 1 }, 'fair', 'mic-silent'],
    ['the microphone is gone', { microphone: 'gone', energy: 1 }, 'poor', 'mic-gone'],
    ['the microphone is off', { microphone: 'off', energy: 1 }, 'poor', 'mic-off'],
    ['there is no way', { connected: false, received: 1000, sent: 1000 }, 'poor', 'path'],
    ['it is uneven and slow', { jitter: 60, delay: 500 }, 'fair', 'jitter', 'delay']
  ]) {
    assert.deepEqual(judge(sample, { ...later, ...change }), { verdict, why }, name)
  }
})

test('calls say by which header they are to be answered', () => {
  for (const [callInfo, alertInfo, after] of [
    ['', '', -1],
    ['<sip:dialtone>;answer-after=0', '', 0],
    ['<sip:dialtone>; Answer-After=5', '', 5],
    ['<http://x/answer-after=5>', '', -1],
    ['', '<http://dialtone>;info=alert-autoanswer;delay=0', 0],
    ['', '<http://dialtone>;info="alert-autoanswer";delay=3', 3],
    ['', '<http://dialtone>;info=alert-internal', -1]
  ]) {
    assert.equal(answerAfter(callInfo, alertInfo), after, callInfo + alertInfo)
  }
})
