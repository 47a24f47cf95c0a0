import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Gaps } from '../../src/flow/gaps.ts'
import { TroublePool } from '../../src/flow/trouble.ts'

/** Numbers around the wrap. */
const BASE = 2 ** 32 - 50
const at = (offset: number) => (BASE + offset) >>> 0

test('gaps hold exactly the bytes that a set would', () => {
  const range = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 30 }))
  fc.assert(
    fc.property(fc.array(range, { maxLength: 6 }), fc.array(range, { maxLength: 12 }), (opened, filled) => {
      const gaps = new Gaps()
      const trouble = new TroublePool()
      const row = trouble.take()
      const missing = new Set<number>()
      let end = 0
      for (const [skip, length] of opened) {
        gaps.open(trouble, row, at(end + skip), at(end + skip + length))
        for (let i = 0; i < length; i++) missing.add(end + skip + i)
        end += skip + length
      }
      for (const [from, length] of filled) {
        gaps.fill(trouble, row, at(from), at(from + length))
        for (let i = 0; i < length; i++) missing.delete(from + i)
      }
      const half = Math.floor(end / 2)
      const below = [...missing].filter((offset) => offset < half).length
      assert.equal(gaps.acknowledged(trouble, row, at(half)), below)
      assert.equal(gaps.acknowledged(trouble, row, at(end)), missing.size - below)
      assert.equal(gaps.acknowledged(trouble, row, at(end)), 0)
    }),
    { numRuns: 500 },
  )
})
