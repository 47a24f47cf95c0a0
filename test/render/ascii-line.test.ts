import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AsciiLine, asciiText, Literal } from '../../src/render/ascii-line.ts'
import { asciiJson } from '../../src/render/json-text.ts'

const line = new AsciiLine()
const numberText = (value: number): string => asciiText(line.number(value).take())

test('numbers are what String makes of them', () => {
  const millionths = fc.oneof(
    fc.nat(),
    fc.integer({ min: 0, max: 2 ** 32 * 1e6 }),
    // Moments of these years, microseconds.
    fc.integer({ min: 1.7e15, max: 2.2e15 }),
  )
  const value = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    millionths.map((n) => n / 1e6),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: 0, max: 2 ** 33, noNaN: true }),
  )
  fc.assert(
    fc.property(value, (number) => assert.equal(numberText(number), String(number))),
    { numRuns: 20_000 },
  )
  const edges = [
    0,
    -0,
    9,
    10,
    99,
    100,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    1e-6,
    1e-7,
    5e-7,
    0.1,
    -1,
    -0.5,
    1e21,
  ]
  for (const number of [...edges, 2 ** 32 - 1e-6, 4294967295.999999, 0.1 + 0.2])
    assert.equal(numberText(number), String(number))
  for (let digits = 1, number = 1; digits <= 10; digits++, number *= 10) {
    assert.equal(numberText(number), String(number))
    assert.equal(numberText(number - 1), String(number - 1))
  }
})

test('digits have zeros in front', () => {
  for (const width of [1, 2, 3, 6, 9, 10])
    for (const value of [0, 7, 10 ** (width - 1)])
      assert.equal(asciiText(line.digits(value, width).take()), String(value).padStart(width, '0'))
})

test('a quoted text is what JSON.stringify makes of it, in ASCII', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(text, (value) => assert.equal(asciiText(line.quoted(value).take()), asciiJson(value))),
    { numRuns: 1000 },
  )
})

test('literals of every length stand next to each other, and a line has room for any text', () => {
  const text = ',"retransmissions":0'
  const long = 'x'.repeat(100_000)
  let expected = ''
  for (let n = 0; n <= text.length; n++) {
    line.put(new Literal(text.slice(0, n))).number(n)
    expected += `${text.slice(0, n)}${n}`
  }
  assert.equal(asciiText(line.text(long).put(new Literal('!')).take()), `${expected}${long}!`)
})

test('fields become an object', () => {
  const field = new Literal(',"a":')
  assert.equal(asciiText(line.object(0).take()), '{}')
  line.put(field)
  const from = line.length
  line.put(field).number(1).put(field).number(2).object(from)
  assert.equal(asciiText(line.object(0).take()), '{"a":{"a":1,"a":2}}')
})
