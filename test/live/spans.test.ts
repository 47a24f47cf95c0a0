import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { asciiLine, fit, fitPainted, fitRight, hasUnicode, lineOf } from '../../src/live/spans.ts'
import { createStyle } from '../../src/render/style.ts'

const style = createStyle(true)
const texts = fc.string({ unit: fc.constantFrom('a', ' ', '▸', '日', 'é', '…', 'x', '👍', '─') })
const widths = fc.integer({ min: 1, max: 30 })

test('whatever the text, it fills exactly its cells', () => {
  fc.assert(
    fc.property(texts, widths, (text, width) => {
      assert.equal(stringWidth(fit(text, width)), width)
      assert.equal(stringWidth(fitRight(text, width)), width)
    }),
  )
})

test('a line of painted pieces is exactly as wide as the screen', () => {
  fc.assert(
    fc.property(fc.array(texts), widths, fc.boolean(), (pieces, width, selected) => {
      const spans = pieces.map((text, index) => [text, index % 2 === 0 ? style.good : style.dim] as const)
      const line = lineOf(spans, width, selected)
      assert.equal(stringWidth(line), width)
      assert.equal(stringWidth(fitPainted(line + line, width)), width)
    }),
  )
})

test('cutting a painted line keeps its colours and closes them', () => {
  assert.equal(fitPainted(`${style.good('abc')}def`, 5), `${style.good('abc')}d…`)
  assert.equal(fitPainted(style.good('abcdef'), 4), style.good('abc…'))
})

test('in ASCII every character has as many letters as it had cells', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const shown = asciiLine(text)
      assert.match(shown, /^[ -~]*$/)
    }),
  )
  assert.equal(asciiLine('S▸ ◂SA A▸ ···'), 'S> <SA A> ...')
  assert.equal(asciiLine('日'), '??')
})

const LOCALES: readonly (readonly [environment: Record<string, string>, unicode: boolean])[] = [
  [{ LANG: 'C.UTF-8' }, true],
  [{ LANG: 'de_DE.utf8' }, true],
  [{ LANG: 'C' }, false],
  [{}, false],
  [{ LANG: 'C.UTF-8', LC_ALL: 'C' }, false],
  [{ LANG: 'C', LC_CTYPE: 'en_US.UTF-8' }, true],
  [{ LANG: 'C.UTF-8', TERM: 'linux' }, false],
]

for (const [environment, unicode] of LOCALES)
  test(`Unicode with ${JSON.stringify(environment)}: ${unicode}`, () => {
    assert.equal(hasUnicode(environment), unicode)
  })
