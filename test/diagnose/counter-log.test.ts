import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CounterLog } from '../../src/diagnose/counter-log.ts'
import type { Nanos } from '../../src/flow/time.ts'

const at = (seconds: number) => (seconds * 1e9) as Nanos
const OWN = 1

test('a reading that may have been made after a connection began says so', () => {
  const log = new CounterLog(() => ({ TCPAbortOnData: 3 }), OWN)
  log.look(at(1))
  const late = (start: number, others: readonly number[] = []) => [
    ...(log.before(at(start), others).late ?? []),
  ]
  assert.deepEqual(late(1), [OWN], 'of the same packets')
  assert.deepEqual(late(1.1), [OWN], 'of the same read')
  assert.deepEqual(late(1.3), [])
  assert.deepEqual(late(1.3, [2]), [2], 'read only now')
})

test('the latest reading that is surely before it counts', () => {
  let value = 0
  const log = new CounterLog(() => ({ ListenOverflows: value }), OWN)
  for (const second of [1, 1.3, 1.6]) {
    log.look(at(second))
    value++
  }
  assert.equal(log.before(at(1.7), []).at, at(1.3))
})
