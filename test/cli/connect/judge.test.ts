import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OwnJudge } from '../../../src/cli/connect/judge.ts'
import type { LivePlanes } from '../../../src/cli/trace/planes.ts'
import { FILE_PLANES } from '../../../src/diagnose/planes.ts'
import type { Nanos } from '../../../src/flow/time.ts'

test('where records were lost during an attempt, the kernel was not watched; for the next one it was', () => {
  let hasLost = true
  const judge = new OwnJudge({
    ...FILE_PLANES,
    kernel: { watched: true },
    drain: () => hasLost,
  } as unknown as LivePlanes)
  const kernel = () => {
    judge.drain()
    const verdict = judge.verdict({
      client: { addr: '10.0.0.1', port: 40_000 },
      server: { addr: '10.0.0.2', port: 80 },
      error: 'ETIMEDOUT',
      immediate: false,
      final: true,
      at: 1e9 as Nanos,
    })
    hasLost = false
    const { status, detail } = verdict!.evidence.find(({ plane }) => plane === 'kernel')!
    return `${status}: ${detail}`
  }
  assert.equal(kernel(), 'not_watched: its records were lost')
  assert.match(kernel(), /^not_seen: no drop/)
})
