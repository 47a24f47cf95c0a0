import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { wrap } from '../../src/render/wrap.ts'

const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 })

test('no line is longer than the width, and no word is lost', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 16, max: 40 }), (list, columns) => {
      const lines = wrap(list.join(' '), columns, '  ').split('\n')
      assert.ok(lines.every((line) => line.length <= columns))
      assert.deepEqual(
        lines.flatMap((line) => line.trim().split(' ')),
        list,
      )
      for (const line of lines.slice(1)) assert.match(line, /^ {2}\S/)
    }),
  )
})

for (const [name, text, expected] of [
  ['spaces at the beginning stay', '    one two', '    one\n  two'],
  ['a word that is too long stands alone', 'a incomprehensibility b', 'a\n  incomprehensibility\n  b'],
  ['what fits stays as it is', 'one two', 'one two'],
] as const)
  test(name, () => {
    assert.equal(wrap(text, 9, '  '), expected)
  })
