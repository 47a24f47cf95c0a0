import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sanitize } from '../../src/render/sanitize.ts'

const cases: readonly [name: string, text: string, safe: string][] = [
  ['plain text', 'nginx: worker', 'nginx: worker'],
  ['letters of every script', 'naïve 日本 🙂', 'naïve 日本 🙂'],
  ['escape sequence', '\u001b[31mred\u001b[0m', '\\e[31mred\\e[0m'],
  ['line breaks', 'a\r\nb\tc', 'a\\r\\nb\\tc'],
  ['bell and delete', '\u0007\u007f', '\\u{7}\\u{7f}'],
  ['C1 control sequence introducer', '\u009b2J', '\\u{9b}2J'],
  ['right-to-left override', 'gpj\u202eexe', 'gpj\\u{202e}exe'],
  ['isolates and marks', '\u2066\u200f\u061c', '\\u{2066}\\u{200f}\\u{61c}'],
  ['zero width', 'a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
  ['line separator', '\u2028', '\\u{2028}'],
  ['lone surrogate', '\ud800x', '\\u{d800}x'],
  ['tag characters', '\u{e0041}', '\\u{e0041}'],
]

for (const [name, text, safe] of cases)
  test(`sanitize: ${name}`, () => {
    assert.equal(sanitize(text), safe)
  })

test('sanitize: nothing that moves a cursor or reorders text is left, and safe text stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const safe = sanitize(text)
      assert.doesNotMatch(safe, /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u)
      assert.equal(sanitize(safe), safe)
    }),
  )
})
