import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { add, diff, geq, gt, leq, lt } from '../../src/wire/seq.ts'
import { uint32 } from './header-suite.ts'

test('seq: order holds across the wrap', () => {
  assert.equal(diff(5, 0xfffffffb), 10)
  assert.equal(diff(0xfffffffb, 5), -10)
  assert.ok(lt(0xffffffff, 0) && gt(0, 0xffffffff))
  assert.ok(leq(7, 7) && geq(7, 7) && !lt(7, 7) && !gt(7, 7))
  assert.equal(add(0xffffffff, 1), 0)
  assert.equal(add(0, -1), 0xffffffff)
})

test('seq: moving by n and back, and every comparison says what the distance says', () => {
  fc.assert(
    fc.property(uint32(), fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), (from, n) => {
      const to = add(from, n)
      assert.equal(diff(to, from), n)
      assert.equal(add(to, -n), from)
      assert.deepEqual(
        [lt(to, from), leq(to, from), gt(to, from), geq(to, from)],
        [n < 0, n <= 0, n > 0, n >= 0],
      )
    }),
  )
})
