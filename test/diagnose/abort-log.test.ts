import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AbortLog } from '../../src/diagnose/abort-log.ts'
import type { Nanos } from '../../src/flow/time.ts'
import type { KernelFact } from '../../src/kernel/fact.ts'

const at = (seconds: number) => (seconds * 1e9) as Nanos
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

test('what sockets of a namespace threw away since a moment, and nothing else', () => {
  const log = new AbortLog()
  log.take(reset(1), at(1))
  log.take(reset(1), at(2))
  log.take(reset(1, { reason: null }), at(3))
  log.take(reset(1, { reason: 'TCP_ABORT_ON_CLOSE' }), at(3))
  log.take(reset(1, { active: false }), at(3))
  log.take(reset(2), at(3))
  log.take(reset(null), at(3))
  assert.deepEqual(log.since(at(1.5), { client: 2, server: 1 }), { client: 1, server: 2 })
  assert.deepEqual(log.since(at(0), {}), {})
})

test('further back than is remembered nothing is said', () => {
  const log = new AbortLog()
  log.take(reset(1), at(1))
  log.take(reset(1), at(20))
  assert.deepEqual(log.since(at(0.5), { server: 1 }), {})
  assert.deepEqual(log.since(at(15), { server: 1 }), { server: 1 })
})
