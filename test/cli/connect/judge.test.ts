import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OwnJudge } from '../../../src/cli/connect/judge.ts'
import type { LivePlanes } from '../../../src/cli/trace/planes.ts'
import { FILE_PLANES } from '../../../src/diagnose/planes.ts'
import type { Nanos } from '../../../src/flow/time.ts'
import type { KernelFact } from '../../../src/kernel/fact.ts'

test('where records were lost during an attempt, the kernel was not watched; for the next one it was', () => {
  let hasLost = true
  const judge = new OwnJudge({
    ...FILE_PLANES,
    kernel: { watched: true },
    drain: () => hasLost,
    now: () => 1e9 as Nanos,
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

test('connect() was refused, and the reset that it took was not told: no ICMP error came', () => {
  const client = { addr: '127.0.0.1', port: 40_000 }
  const server = { addr: '127.0.0.1', port: 80 }
  for (const [came, verdict] of [
    [0, 'refused.no-listener'],
    [1, 'refused.firewall-reject'],
  ] as const) {
    let errors = 5
    let told: readonly KernelFact[] = []
    const judge = new OwnJudge(
      {
        ...FILE_PLANES,
        netns: 1,
        kernel: { watched: true },
        drain(give: (fact: KernelFact, at: Nanos) => void) {
          for (const fact of told) give(fact, 1e9 as Nanos)
          return false
        },
        now: () => 1e9 as Nanos,
        counters: () => ({ InDestUnreachs: errors }),
        has: () => true,
        here: () => ({ client: true, server: true }),
        socket: () => ({ watched: true, listeners: [], everyNetns: true, firewall: [], sysctls: {} }),
      } as unknown as LivePlanes,
      'no packets',
    )
    errors += came
    const base = { at: 0, netns: 1, proto: 'tcp', local: client, remote: server } as const
    told = [{ ...base, fact: 'error', error: 'ECONNREFUSED' }]
    judge.drain()
    const attempt = { client, server, error: 'ECONNREFUSED', immediate: false, final: true, at: 1e9 as Nanos }
    assert.equal(judge.verdict(attempt)?.verdict, verdict)
  }
})
