import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CounterLog } from '../../src/diagnose/counter-log.ts'
import type { Nanos } from '../../src/flow/time.ts'

const at = (seconds: number) => (seconds * 1e9) as Nanos
const OWN = 1

/** A log whose clock stands where it is looked, or where it is set. */
function clocked(read: () => Record<string, number>, lag = 0) {
  const clock = { now: at(0) }
  const log = new CounterLog(read, { own: OWN, clock: () => clock.now, lag })
  return {
    log,
    look(seconds: number) {
      clock.now = at(seconds)
      log.look(clock.now)
    },
  }
}

test('a namespace counts as read from the moment on by which its counters had been read', () => {
  const { log, look } = clocked(() => ({ TCPAbortOnData: 3 }))
  look(1)
  const before = (start: number) => log.before(at(start), [2])
  assert.equal(log.wasRead(OWN, before(0.9), at(0.9)), false)
  assert.equal(log.wasRead(OWN, before(1.1), at(1.1)), true)
  look(2)
  assert.equal(log.wasRead(2, before(1.1), at(1.5)), false, 'read only when it was asked for')
  assert.equal(log.wasRead(2, before(1.1), at(2)), true)
  assert.equal(log.wasRead(3, before(1.1), at(2)), false)
})

test('packets that are stamped late may be older than they say', () => {
  let value = 0
  const { log, look } = clocked(() => ({ ListenOverflows: value++ }), 1e9)
  look(1)
  look(2)
  const at2 = (start: number) => log.before(at(start), []).get(OWN)?.at
  assert.deepEqual([at2(2.5), at2(3)], [at(1), at(2)])
})

test('the latest reading that is surely before it counts', () => {
  let value = 0
  const { log, look } = clocked(() => ({ ListenOverflows: value }))
  for (const second of [1, 1.3, 1.6]) {
    look(second)
    value++
  }
  assert.equal(log.before(at(1.5), []).get(OWN)?.at, at(1.3))
  assert.deepEqual(log.since(log.before(at(1.5), []), { server: OWN }), { server: { ListenOverflows: 2 } })
})
