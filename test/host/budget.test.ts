import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { Budget } from '../../src/host/budget.ts'
import { cpuTime } from '../../src/host/clock.ts'

/** Keeps the processor busy for so many ms of its time. */
function work(ms: number): string {
  const until = cpuTime() + ms
  while (cpuTime() < until);
  return 'done'
}

test('work is done while there is time for it', () => {
  const budget = new Budget(1e-9, 20)
  assert.equal(
    budget.run(() => work(5)),
    'done',
  )
  assert.equal(
    budget.run(() => work(20)),
    'done',
  )
  assert.equal(
    budget.run(() => work(0)),
    undefined,
  )
})

test('waiting costs nothing, the work of a child what it took', () => {
  const budget = new Budget(1e-9, 20)
  const child = (script: string): unknown => spawnSync('sh', ['-c', script])
  assert.ok(budget.run(() => child('sleep 0.1')))
  assert.ok(budget.run(() => child('i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done')))
  assert.equal(
    budget.run(() => work(0)),
    undefined,
  )
})

test('work that threw is paid too', () => {
  const budget = new Budget(1e-9, 5)
  assert.throws(() =>
    budget.run(() => {
      work(10)
      throw new Error('no')
    }),
  )
  assert.equal(
    budget.run(() => work(0)),
    undefined,
  )
})
