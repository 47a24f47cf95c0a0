import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TimeResolution } from '../../src/capture/time-resolution.ts'
import { uint32 } from '../wire/header-suite.ts'

/** The same in arbitrary precision. */
function exact(resolution: number, ticks: bigint): [seconds: bigint, nanos: bigint] {
  const perSecond = (resolution > 127 ? 2n : 10n) ** BigInt(resolution & 127)
  return [ticks / perSecond, ((ticks % perSecond) * 1_000_000_000n) / perSecond]
}

test('time resolution: powers of ten are exact', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 127 }), uint32(), uint32(), (exponent, high, low) => {
      const resolution = new TimeResolution(exponent)
      resolution.split(high, low)
      const [seconds, nanos] = exact(exponent, (BigInt(high) << 32n) | BigInt(low))
      // Past 2^53 seconds a double has no room; no clock counts so far.
      fc.pre(seconds < 2n ** 53n)
      assert.deepEqual([resolution.seconds, resolution.nanos], [Number(seconds), Number(nanos)])
    }),
    { numRuns: 2000 },
  )
})

test('time resolution: powers of two are exact to the nanosecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 127 }), uint32(), uint32(), (exponent, high, low) => {
      const resolution = new TimeResolution(128 + exponent)
      resolution.split(high, low)
      const [seconds, nanos] = exact(128 + exponent, (BigInt(high) << 32n) | BigInt(low))
      fc.pre(seconds < 2n ** 53n)
      const off = (BigInt(resolution.seconds) - seconds) * 1_000_000_000n + BigInt(resolution.nanos) - nanos
      assert.ok(off >= 0n && off <= 1n, `${off} ns off`)
    }),
    { numRuns: 2000 },
  )
})

test('time resolution: microseconds unless told otherwise', () => {
  const resolution = new TimeResolution()
  resolution.split(0, 1_500_001)
  assert.deepEqual([resolution.seconds, resolution.nanos], [1, 500_001_000])
})
