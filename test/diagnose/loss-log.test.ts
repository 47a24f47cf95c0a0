import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LossLog } from '../../src/diagnose/loss-log.ts'
import type { Nanos } from '../../src/flow/time.ts'

const at = (seconds: number) => (seconds * 1e9) as Nanos

test('losses count for what began before them, or shortly after', () => {
  let total = 0
  const log = new LossLog(() => total)
  log.look(at(1))
  total = 5
  log.look(at(10))
  assert.deepEqual(
    [2, 10.5, 11].map((start) => log.since(at(start))),
    [5, 5, 0],
  )
  total = 7
  assert.deepEqual([log.since(at(2)), log.since(at(11))], [7, 2], 'also those since the last look')
})

test('what is not counted is not lost', () => {
  const log = new LossLog(() => undefined)
  log.look(at(1))
  assert.equal(log.since(at(0)), 0)
})
