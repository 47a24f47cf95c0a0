import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processIo } from '../../../src/cli/io.ts'
import { runTrace } from '../../../src/cli/trace/run.ts'
import type { TraceOptions } from '../../../src/cli/trace.ts'
import { UserError } from '../../../src/user-error.ts'

/** Whoever comes further is stopped by the interface. */
const base: TraceOptions = {
  ...{ engine: 'ring', interface: ['nosuchif0'], snaplen: 256, bufferSize: 1, promiscuous: false },
  ...{ color: 'never', timeFormat: 'utc', proto: 'all', maxFlows: 10 },
}

for (const [container, isRefused] of [
  [['web'], true],
  [['a1b2c3d4e5f6', 'web'], true],
  [['a1b2c3d4e5f'], true],
  [['a1b2c3d4e5f6', 'c3'.repeat(32)], false],
] as const)
  test(`--container ${container.join(' ')} with -Z is ${isRefused ? 'refused' : 'taken'}`, async () => {
    const run = runTrace('', { ...base, container, relinquishPrivileges: 'nobody' }, processIo(true))
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof UserError)
      assert.equal(/-Z/.test(error.message), isRefused, error.message)
      return true
    })
  })
