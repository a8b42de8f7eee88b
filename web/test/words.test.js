import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'svelte/compiler'
import en from '../src/words/en.json' with { type: 'json' }
import fr from '../src/words/fr.json' with { type: 'json' }
import { sources } from './load.js'

const texts = (value) => (typeof value === 'string' ? [value] : Object.values(value))
const blanks = (value) => [...new Set(texts(value).flatMap((t) => t.match(/\{\w+\}/g) ?? []))].sort()

test('both languages have the same words, with the same blanks', () => {
  assert.deepEqual(Object.keys(fr).sort(), Object.keys(en).sort())
  for (const [key, value] of Object.entries(en)) {
    assert.equal(typeof fr[key], typeof value, key)
    assert.deepEqual(blanks(fr[key]), blanks(value), key)
    for (const text of [...texts(value), ...texts(fr[key])]) assert.ok(text.trim(), key)
  }
})

test('all words are used', () => {
  const all = sources('.svelte', '.ts').map(([, text]) => text).join('\n')
  const begun = ['error.', 'ended.', 'camera.', ...[...all.matchAll(/`([a-z]+[._a-z]*)\$\{/g)].map((m) => m[1])]
  const unused = Object.keys(en).filter((key) => !all.includes(`'${key}'`) && !begun.some((b) => key.startsWith(b)))
  assert.deepEqual(unused, [])
})

// What a component says is in the catalogues, also what only screen readers say.
test('components hold no words', () => {
  const said = ['aria-label', 'title', 'placeholder', 'alt', 'label']
  const found = []
  for (const [name, source] of sources('.svelte')) {
    const look = (node) => {
      if (!node || typeof node !== 'object') return
      if (Array.isArray(node)) return node.forEach(look)
      if (node.type === 'Text' && /\p{L}{2}/u.test(node.data)) found.push(`${name}: ${node.data.trim()}`)
      if (node.type === 'Attribute' && !said.includes(node.name)) return look([node.value].flat().filter((v) => v?.type === 'ExpressionTag'))
      Object.values(node).forEach(look)
    }
    look(parse(source, { modern: true }).fragment)
  }
  assert.deepEqual(found, [])
})

test('components are short', () => {
  for (const [name, source] of sources('.svelte', '.ts')) {
    assert.ok(source.split('\n').length <= 200, `${name} has more than 200 lines: split it`)
  }
})
