import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Told } from '../../src/diagnose/told.ts'
import type { Nanos } from '../../src/flow/time.ts'

const at = (seconds: number): Nanos => (seconds * 1e9) as Nanos

test('a connection that ended is told once, another one of the same ends again', () => {
  const told = new Told()
  assert.equal(told.has('a', at(1)), false)
  told.add('a', at(2))
  assert.equal(told.has('a', at(1)), true, 'a late word on it')
  assert.equal(told.has('a', at(3)), false, 'the next connection')
  assert.equal(told.has('b', at(1)), false)
})

test('what ended is forgotten after a while', () => {
  const told = new Told()
  told.add('a', at(2))
  told.add('b', at(8))
  told.expire(at(13))
  assert.deepEqual([told.has('a', at(1)), told.has('b', at(1))], [false, true])
})
