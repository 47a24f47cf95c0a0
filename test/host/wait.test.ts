import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as libc from '../../src/host/libc.ts'
import { Waiter } from '../../src/host/wait.ts'

const HOUR = 3_600_000

function eventDescriptor(): number {
  return libc.eventfd(0, 0)
}
function signal(fd: number): void {
  libc.write(fd, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]), 8)
}

test('a wait ends when a descriptor has data, and only then', async () => {
  const waiter = new Waiter()
  const fd = eventDescriptor()
  waiter.add(fd)
  let ended = false
  const wait = waiter.wait(HOUR).then(() => {
    ended = true
  })
  await new Promise(setImmediate)
  assert.equal(ended, false)
  signal(fd)
  await wait
  // Level-triggered: what was not read ends the next wait too.
  await waiter.wait(HOUR)
  waiter.close()
  libc.close(fd)
})

test('a wait ends after its time-out', async () => {
  const waiter = new Waiter()
  await waiter.wait(1)
  waiter.close()
})

test('wake ends a pending wait, and one that comes later, once', async () => {
  const waiter = new Waiter()
  const pending = waiter.wait(HOUR)
  waiter.wake()
  await pending
  waiter.wake()
  await waiter.wait(HOUR)
  const order: string[] = []
  const third = waiter.wait(HOUR).then(() => order.push('wait'))
  await new Promise(setImmediate)
  order.push('wake')
  waiter.wake()
  await third
  assert.deepEqual(order, ['wake', 'wait'])
  waiter.close()
})

test('everyone who waits shares one poll', async () => {
  const waiter = new Waiter()
  const first = waiter.wait(HOUR)
  assert.equal(waiter.wait(HOUR), first)
  waiter.wake()
  await first
  waiter.close()
})

test('a descriptor added or removed while waiting counts at once', async () => {
  const waiter = new Waiter()
  const fd = eventDescriptor()
  signal(fd)
  const pending = waiter.wait(HOUR)
  waiter.add(fd)
  await pending
  await waiter.wait(HOUR)
  waiter.remove(fd)
  const quiet = waiter.wait(1)
  await quiet
  waiter.close()
  libc.close(fd)
})

test('close ends a pending wait; later waits end at once', async () => {
  const waiter = new Waiter()
  const pending = waiter.wait(HOUR)
  waiter.close()
  waiter.close()
  await pending
  await waiter.wait(HOUR)
})
