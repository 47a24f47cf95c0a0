import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ToldResets } from '../../src/diagnose/told-resets.ts'
import type { KernelFact } from '../../src/kernel/fact.ts'

const reset = (
  netns: number | null,
  more: { reason?: string | null; active?: boolean } = {},
): KernelFact => ({
  fact: 'reset_sent',
  at: 0,
  netns,
  proto: 'tcp',
  local: { addr: '10.0.0.2', port: 80 },
  remote: { addr: '10.0.0.1', port: 40000 },
  reason: 'TCP_STATE',
  state: 'ESTABLISHED',
  active: true,
  ...more,
})

test('resets of each namespace, and those by which programs threw connections away', () => {
  const told = new ToldResets()
  told.take(reset(1))
  told.take(reset(1, { reason: null }))
  told.take(reset(1, { reason: 'TCP_ABORT_ON_CLOSE' }))
  told.take(reset(1, { active: false }))
  told.take(reset(2))
  told.take(reset(null))
  assert.deepEqual(told.of(1), { ResetsTold: 4, AbortsTold: 2 })
  assert.deepEqual(told.of(2), { ResetsTold: 1, AbortsTold: 1 })
  assert.deepEqual(told.of(3), { ResetsTold: 0, AbortsTold: 0 })
})
