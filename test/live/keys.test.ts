import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeyDecoder } from '../../src/live/keys.ts'

const ESC = '\u001b'

/** What terminals send, and the keys it means. */
const CASES: readonly (readonly [input: string, keys: readonly string[]])[] = [
  ['q', ['q']],
  ['jk', ['j', 'k']],
  ['é', ['é']],
  ['日𝄞', ['日', '𝄞']],
  [' ', ['space']],
  ['\t', ['tab']],
  ['\r', ['enter']],
  ['\n', ['enter']],
  ['\u007f', ['backspace']],
  ['\b', ['backspace']],
  ['\u0003', ['ctrl-c']],
  ['\u001a', ['ctrl-z']],
  ['\u000c', ['ctrl-l']],
  [`${ESC}[A${ESC}[B${ESC}[C${ESC}[D`, ['up', 'down', 'right', 'left']],
  [`${ESC}OA${ESC}OB${ESC}OC${ESC}OD`, ['up', 'down', 'right', 'left']],
  [`${ESC}[H${ESC}[F${ESC}OH${ESC}OF`, ['home', 'end', 'home', 'end']],
  [`${ESC}[1~${ESC}[4~${ESC}[7~${ESC}[8~`, ['home', 'end', 'home', 'end']],
  [`${ESC}[5~${ESC}[6~${ESC}[3~`, ['pageup', 'pagedown', 'delete']],
  [`${ESC}[Z`, ['backtab']],
  [`${ESC}[1;5A${ESC}[1;2D`, ['up', 'left']],
  [`${ESC}[5;5~`, ['pageup']],
  [`${ESC}OM`, ['enter']],
  [`${ESC}j`, ['alt-j']],
  // A second Esc says that the first was a key.
  [`${ESC}${ESC}[A`, ['escape', 'up']],
  // Not ours: focus reports, function keys, device attributes, an old mouse report.
  [`${ESC}[I${ESC}[15~${ESC}[?62;1;6cj`, ['j']],
  [`${ESC}[M !!j`, ['j']],
  [`${ESC}[<64;10;5M`, ['wheel-up']],
  [`${ESC}[<65;10;5M`, ['wheel-down']],
  [`${ESC}[<0;10;5M`, ['click']],
  // Released, and the other buttons.
  [`${ESC}[<0;10;5m${ESC}[<2;10;5M`, []],
]

for (const [input, keys] of CASES)
  test(`keys of ${JSON.stringify(input)}`, () => {
    assert.deepEqual(
      new KeyDecoder().feed(input).map(({ key }) => key),
      keys,
    )
  })

test('a mouse report has the cell, counted from 0', () => {
  assert.deepEqual(new KeyDecoder().feed(`${ESC}[<0;10;5M`), [{ key: 'click', x: 9, y: 4 }])
})

test('Esc alone waits, and is a key when nothing follows', () => {
  const decoder = new KeyDecoder()
  assert.deepEqual(decoder.feed(ESC), [])
  assert.equal(decoder.waiting, true)
  assert.deepEqual(decoder.flush(), [{ key: 'escape' }])
  assert.equal(decoder.waiting, false)
  assert.deepEqual(decoder.flush(), [])
})

test('a sequence that is never finished becomes its characters', () => {
  const decoder = new KeyDecoder()
  assert.deepEqual(decoder.feed(`${ESC}[1`), [])
  assert.deepEqual(
    decoder.flush().map(({ key }) => key),
    ['escape', '[', '1'],
  )
})

test('cut anywhere, the same input gives the same keys', () => {
  const input = fc.array(fc.constantFrom(...CASES.map(([text]) => text)), { maxLength: 6 })
  fc.assert(
    fc.property(input, fc.array(fc.nat({ max: 60 })), (texts, cuts) => {
      const text = texts.join('')
      // Not within a character: the terminal's bytes are put together before.
      const characters = [...text]
      const places = [...new Set(cuts.map((cut) => cut % (characters.length + 1)))].sort((a, b) => a - b)
      const whole = new KeyDecoder().feed(text)
      const decoder = new KeyDecoder()
      const pieces: unknown[] = []
      let from = 0
      for (const place of [...places, characters.length]) {
        pieces.push(...decoder.feed(characters.slice(from, place).join('')))
        from = place
      }
      assert.deepEqual(pieces, whole)
    }),
  )
})

test('whatever comes, every character is used up by the end', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(ESC, '[', 'O', '<', '5', ';', '~', 'M', 'a') }), (text) => {
      const decoder = new KeyDecoder()
      decoder.feed(text)
      decoder.flush()
      decoder.flush()
      for (let i = 0; decoder.waiting && i < text.length; i++) decoder.flush()
      assert.equal(decoder.waiting, false)
    }),
  )
})
