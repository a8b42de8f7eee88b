import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from './load.js'

const { address, dialled } = await load('phone/number.ts')
const { endingOf, takenBack } = await load('phone/ending.ts')
const { find } = await load('state/find.ts')

test('numbers are dialled without what makes them readable', () => {
  assert.equal(dialled(' +33 (0)1 23-45.67/89 '), '+330123456789')
  assert.equal(dialled('tel:+44-20-7946-0000'), '+442079460000')
  assert.equal(dialled('*21*100#'), '*21*100#')
  assert.equal(dialled('front desk'), 'front desk')
})

test('what SIP would read as something else is escaped', () => {
  assert.equal(address('100', 'pbx.example'), 'sip:100@pbx.example')
  assert.equal(address('+33*1#', 'pbx.example'), 'sip:+33*1%23@pbx.example')
  assert.equal(address('a b;c@d?e', 'pbx.example'), 'sip:a%20b%3Bc%40d%3Fe@pbx.example')
})

test('a refusal has its words', () => {
  for (const [status, ending] of [[486, 'busy'], [600, 'busy'], [603, 'declined'], [404, 'not-found'], [480, 'unavailable'], [403, 'forbidden'], [488, 'media'], [503, 'failed']]) {
    assert.equal(endingOf(status), ending, String(status))
  }
  assert.equal(takenBack('SIP;cause=200;text="Call completed elsewhere"'), 'elsewhere')
  assert.equal(takenBack('SIP ;cause=487'), 'cancelled')
  assert.equal(takenBack(''), 'cancelled')
})

test('people are found by number, by any of their names, without accents', () => {
  const people = [['100', 'Alice Martin'], ['101', 'Bruno Lefèvre'], ['110', 'Martine Albert']].map(([extension, name]) => ({ extension, name, state: 'free' }))
  const calls = [{ number: '+331', name: 'Atelier Martin' }, { number: '100', name: 'X' }, { number: '+331', name: 'Atelier Martin' }]
  const who = (typed) => find(people, calls, typed).map((p) => p.extension)
  assert.deepEqual(who('mart'), ['110', '100', '+331'])
  assert.deepEqual(who('lefevre'), ['101'])
  assert.deepEqual(who('10'), ['100', '101', '110'])
  assert.deepEqual(who(' '), [])
  assert.deepEqual(who('nobody'), [])
})
