import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { Inflater } from '../../src/wire/inflate.ts'
import { fromHex } from './header-suite.ts'

/** The length of the longest IP packet. */
const LIMIT = 65_535

const inflater = new Inflater()

/** What was inflated between bytes that do not belong to it; `undefined` where it is refused. */
function inflate(data: Uint8Array): Uint8Array | undefined {
  const memory = new Uint8Array(data.length + 2).fill(0xff)
  memory.set(data, 1)
  return inflater.inflate(memory, 1, 1 + data.length) ? inflater.bytes.slice(0, inflater.length) : undefined
}

/** zlib's word. */
function reference(data: Uint8Array): Uint8Array | undefined {
  try {
    return new Uint8Array(inflateRawSync(data, { maxOutputLength: LIMIT }))
  } catch {
    return undefined
  }
}

/** From noise to runs: few different bytes compress well. */
const content = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 1, max: 9 }))
  .map(([values, bytes, times]) =>
    Uint8Array.from({ length: bytes.length * times }, (_, i) => bytes[i % bytes.length]! % values),
  )
const deflated = fc
  .tuple(
    content,
    fc.constantFrom(
      constants.Z_FIXED,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
      constants.Z_DEFAULT_STRATEGY,
    ),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([bytes, strategy, level]) => ({ bytes, data: deflateRawSync(bytes, { strategy, level }) }))

test('inflate: what zlib deflates, whatever its level and strategy', () => {
  fc.assert(
    fc.property(deflated, ({ bytes, data }) => {
      assert.deepEqual(inflate(data), bytes)
    }),
    { numRuns: 500 },
  )
})

test('inflate: data that ends too early is refused, bytes behind its end are not looked at', () => {
  fc.assert(
    fc.property(deflated, fc.uint8Array({ maxLength: 3 }), ({ bytes, data }, behind) => {
      for (let length = 0; length < Math.min(data.length, 80); length++)
        assert.equal(inflate(data.subarray(0, length)), undefined)
      assert.deepEqual(inflate(Uint8Array.of(...data, ...behind)), bytes)
    }),
  )
})

test('inflate: damaged data is taken or refused as by zlib', () => {
  const change = fc.tuple(fc.nat(), fc.nat(7))
  let refused = 0
  fc.assert(
    fc.property(deflated, fc.array(change, { minLength: 1, maxLength: 4 }), ({ data }, changes) => {
      const damaged = Uint8Array.from(data)
      for (const [at, bit] of changes) damaged[at % data.length]! ^= 1 << bit
      const expected = reference(damaged)
      if (expected === undefined) refused++
      assert.deepEqual(inflate(damaged), expected)
    }),
    { numRuns: 3000 },
  )
  assert.ok(refused > 100)
})

test('inflate: any bytes are taken or refused as by zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), (bytes) => {
      assert.deepEqual(inflate(bytes), reference(bytes))
    }),
    { numRuns: 3000 },
  )
})

test('inflate: at most the length of an IP packet', () => {
  for (const value of [0, 1]) {
    const most = new Uint8Array(LIMIT).map((_, i) => (value * i * i) >> 3)
    assert.deepEqual(inflate(deflateRawSync(most)), most)
    assert.equal(inflate(deflateRawSync(Uint8Array.of(...most, 0))), undefined)
  }
  const stored = deflateRawSync(new Uint8Array(LIMIT + 1), { level: 0 })
  assert.equal(inflate(stored), undefined)
})

// RFC 1951 section 3.2: what an encoder never writes.
for (const [name, hex] of [
  ['a block of the reserved type', '07'],
  ['a stored block whose length and complement differ', '01 0100 0000 41'],
  ['more codes of literals than there are', 'fd 1f'],
  ['a copy from before the beginning', '03 02 00'],
  ['nothing', ''],
] as const)
  test(`inflate: ${name}`, () => {
    assert.equal(inflate(fromHex(hex)), undefined)
    assert.equal(reference(fromHex(hex))?.length, undefined)
  })
