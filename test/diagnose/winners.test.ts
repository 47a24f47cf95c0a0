import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelTrace } from '../../src/diagnose/kernel-evidence.ts'
import { Winners } from '../../src/diagnose/winners.ts'
import type { Nanos } from '../../src/flow/time.ts'

const at = (seconds: number) => (seconds * 1e9) as Nanos

/** Whether an attempt to `lost` from 1 s to `failed` is superseded by one to 10.0.0.3 that began at `began`. */
function isSuperseded(
  lost: string,
  failed: number | undefined,
  began: number,
  name?: readonly string[],
): boolean {
  const winners = new Winners((a, b) => name?.includes(a) === true && name.includes(b))
  const ends = [
    { addr: '10.0.0.1', port: 40001 },
    { addr: '10.0.0.3', port: 80 },
  ] as const
  const trace = new KernelTrace('tcp', 'key', ends, at(began))
  trace.dialler = { end: 0, at: at(began), pid: 7 }
  trace.established = at(began + 0.01)
  winners.take(trace)
  const failedAt = failed === undefined ? undefined : at(failed)
  return winners.supersedes(7, { addr: lost, port: 80 }, { start: at(1), failedAt })
}

for (const [what, expected, lost, failed, began, name] of [
  ['one backend after the other, each by its own address', false, '10.0.0.2', 1.1, 1.2],
  ['the same address again', false, '10.0.0.3', undefined, 1.2],
  ['the other family, after it failed', true, 'fd00::2', 1.1, 1.2],
  ['still open when the other began', true, '10.0.0.2', 1.3, 1.25],
  ['still open now', true, '10.0.0.2', undefined, 1.25],
  ['two addresses of one name', true, '10.0.0.2', 1.1, 1.2, ['10.0.0.2', '10.0.0.3']],
  ['addresses of different names', false, '10.0.0.2', 1.1, 1.2, ['10.0.0.2', '10.0.0.4']],
  ['the other family, three seconds later', false, 'fd00::2', 1.1, 4],
] as const)
  test(`superseded: ${what}`, () => assert.equal(isSuperseded(lost, failed, began, name), expected))
