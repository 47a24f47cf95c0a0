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

/** Winners of process 7 from its attempts to port 80, each established: address, begin and end in milliseconds. */
function winnersOf(
  dials: readonly (readonly [addr: string, began: number, established: number])[],
  shareName?: (a: string, b: string) => boolean,
): Winners {
  const winners = new Winners(shareName)
  for (const [addr, began, established] of dials) {
    const ends = [
      { addr: '10.0.0.1', port: 40001 },
      { addr, port: 80 },
    ] as const
    const trace = new KernelTrace('tcp', 'key', ends, at(began / 1000))
    trace.dialler = { end: 0, at: at(began / 1000), pid: 7 }
    trace.established = at(established / 1000)
    winners.take(trace)
  }
  return winners
}

const [A, B, X] = ['10.0.0.3', '10.0.0.4', '10.0.0.9']

for (const [what, expected, [start, failedAt], dials] of [
  [
    'another to the same address right after it',
    true,
    [4, 10],
    [
      [A, 5, 12],
      [A, 20, 30],
    ],
  ],
  [
    'two at a time',
    true,
    [16, 18],
    [
      [A, 5, 17],
      [A, 15, 30],
    ],
  ],
  [
    'one before and one after it',
    false,
    [15, 18],
    [
      [A, 5, 12],
      [A, 20, 30],
    ],
  ],
  ['one before and many after it', false, [2.1, 2.9], [1, 3, 5, 7, 9, 11].map((n) => [A, n, n + 1] as const)],
  [
    'with others between',
    true,
    [4, 10],
    [
      [A, 5, 12],
      [B, 13, 14],
      [A, 20, 30],
    ],
  ],
] as const)
  test(`many to one address in one slot: ${what}`, () => {
    const winners = winnersOf(dials)
    const loser = { start: at(start / 1000), failedAt: at(failedAt / 1000) }
    assert.equal(winners.supersedes(7, { addr: X, port: 80 }, loser), expected)
  })

test('of a process that dials two addresses in turn for seconds not every attempt is kept', () => {
  const asked: string[] = []
  const dials = Array.from({ length: 20_000 }, (_, n) => [n % 2 ? A : B, n / 5, n / 5 + 0.1] as const)
  const winners = winnersOf(dials, (addr) => asked.push(addr) === 0)
  winners.supersedes(7, { addr: X, port: 80 }, { start: at(2), failedAt: at(0) })
  // Two addresses, four in each 50 ms of two seconds.
  assert.ok(asked.length > 0 && asked.length <= 2 * 4 * 41, `${asked.length} are remembered`)
})
