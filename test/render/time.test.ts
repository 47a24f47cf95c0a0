import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TraceClock } from '../../src/render/time.ts'
import { count, formatBytes, formatMs } from '../../src/render/units.ts'

const ORIGIN = 1_700_000_000

test('RFC 3339 with nanoseconds', () => {
  const clock = new TraceClock(ORIGIN)
  assert.equal(clock.rfc3339(0), '2023-11-14T22:13:20.000000000Z')
  assert.equal(clock.rfc3339(1_500_000_001), '2023-11-14T22:13:21.500000001Z')
  assert.equal(clock.rfc3339(-1), '2023-11-14T22:13:19.999999999Z')
})

test('every time format', () => {
  const clock = new TraceClock(ORIGIN)
  assert.equal(clock.text(9_276_999, 'utc'), '22:13:20.009276')
  assert.equal(clock.text(9_276_999, 'epoch'), '1700000000.009276')
  assert.equal(clock.text(0, 'delta'), '+0.000000')
  assert.equal(clock.text(1_500_000_000, 'delta'), '+1.500000')
  assert.equal(clock.text(1_000_000_000, 'delta'), '-0.500000')
  assert.equal(clock.text(9_276_999, 'local').slice(-7), '.009276')
})

test('the same moment as the platform would write it, in any order', () => {
  const clock = new TraceClock(ORIGIN)
  fc.assert(
    fc.property(fc.integer({ min: -1e15, max: 1e15 }), (micros) => {
      const text = clock.rfc3339(micros * 1000)
      const ms = Math.floor(ORIGIN * 1000 + micros / 1000)
      assert.equal(text.slice(0, 23), new Date(ms).toISOString().slice(0, 23))
      assert.equal(text.length, '2023-11-14T22:13:20.000000000Z'.length)
      assert.equal(clock.epoch(micros * 1000), (ORIGIN * 1e6 + micros) / 1e6)
    }),
  )
})

test('a time no Date can hold still gives text', () => {
  assert.match(new TraceClock(2 ** 32 * 4000).rfc3339(0), /^\+?\d+-\d\d-\d\dT/)
})

test('durations, sizes and plurals', () => {
  const ms: [number, string][] = [
    [0.036, '0.036 ms'],
    [9.9994, '9.999 ms'],
    [12.44, '12.4 ms'],
    [3070, '3.07 s'],
    [131_000, '2 min 11 s'],
  ]
  for (const [value, text] of ms) assert.equal(formatMs(value), text)
  const sizes: [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [2 ** 31, '2.0 GiB'],
    [2 ** 60, '1048576.0 TiB'],
  ]
  for (const [value, text] of sizes) assert.equal(formatBytes(value), text)
  assert.deepEqual([count(1, 'packet'), count(2, 'packet')], ['1 packet', '2 packets'])
  assert.deepEqual(
    [1, 2].map((n) => count(n, 'address', 'addresses')),
    ['1 address', '2 addresses'],
  )
})
