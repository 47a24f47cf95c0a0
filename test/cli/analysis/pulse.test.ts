import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pulse } from '../../../src/cli/analysis/pulse.ts'

/** A pulse whose loop comes round whenever it is woken, and what is waited for: true at the `nth` look. */
function looping(nth: number) {
  let looks = 0
  const pulse: Pulse = new Pulse(() => void setImmediate(() => pulse.beat()))
  return { pulse, holds: () => ++looks === nth, looks: () => looks }
}

test('what comes with one of the last looks is seen', async () => {
  const { pulse, holds, looks } = looping(4)
  assert.equal(await pulse.until(holds, 0, 4), true)
  assert.equal(looks(), 4)
})

test('after the last look nothing is waited for', async () => {
  const { pulse, holds, looks } = looping(5)
  assert.equal(await pulse.until(holds, 0, 4), false)
  assert.equal(looks(), 4)
  pulse.beat()
  assert.equal(looks(), 4)
})

test('what holds at once is not waited for, and a beat before the end counts no look', async () => {
  const now = looping(1)
  assert.equal(await now.pulse.until(now.holds, 60_000), true)
  const soon = looping(3)
  const waited = soon.pulse.until(soon.holds, 60_000)
  soon.pulse.beat()
  soon.pulse.beat()
  assert.equal(await waited, true)
})
