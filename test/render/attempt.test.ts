import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Attempt,
  attemptDetails,
  attemptLine,
  type Series,
  SeriesCount,
  seriesText,
} from '../../src/render/attempt.ts'
import { createStyle } from '../../src/render/style.ts'

const base: Attempt = {
  type: 'attempt',
  time: '2026-01-02T03:04:05.000000006Z',
  ts: 1,
  n: 1,
  server: { addr: '10.0.0.2', port: 80 },
  client: { addr: '10.0.0.1', port: 40_000 },
  outcome: 'established',
  connect_ms: 0.5,
}
const { client: _, ...withoutPort } = base

const lines: [attempt: Attempt, text: string][] = [
  [base, '✓ established  10.0.0.2:80 from 10.0.0.1:40000  in 0.500 ms'],
  [
    { ...base, server: { addr: '::1', port: 80, name: 'evil\u001b[2J' } },
    '✓ established  [::1]:80 (evil\\e[2J) from 10.0.0.1:40000  in 0.500 ms',
  ],
  [
    { ...base, outcome: 'refused', error: 'ECONNREFUSED' },
    '✗ refused  10.0.0.2:80 from 10.0.0.1:40000  connect() fails with ECONNREFUSED after 0.500 ms',
  ],
  [
    { ...withoutPort, outcome: 'failed', error: 'ENODEV', call: 'setsockopt' },
    '✗ failed  10.0.0.2:80  setsockopt() fails with ENODEV after 0.500 ms',
  ],
  [
    { ...base, outcome: 'timeout', error: 'ETIMEDOUT', gave_up: true, connect_ms: 10_000 },
    '✗ timeout  10.0.0.2:80 from 10.0.0.1:40000  no answer within 10.00 s (--timeout)',
  ],
  [
    { ...base, outcome: 'interrupted', connect_ms: 20 },
    '· stopped  10.0.0.2:80 from 10.0.0.1:40000  no answer in 20.0 ms until then',
  ],
  [
    { ...base, outcome: 'reset', error: 'ECONNRESET', reset_after_ms: 40 },
    '✗ reset  10.0.0.2:80 from 10.0.0.1:40000  connect() returned after 0.500 ms, reset (ECONNRESET) 40.0 ms later',
  ],
  [
    { ...base, outcome: 'reset', error: 'ECONNRESET' },
    '✗ reset  10.0.0.2:80 from 10.0.0.1:40000  established, and reset (ECONNRESET) within 0.500 ms',
  ],
]

for (const [attempt, text] of lines)
  test(`an attempt in a line: ${text}`, () => assert.equal(attemptLine(attempt, createStyle(false)), text))

test('what else is known of an attempt: only what there is', () => {
  assert.deepEqual(attemptDetails(base), [])
  const options = { mss: 1460, window_scale: 7, sack_permitted: true, timestamps: true } as const
  assert.deepEqual(
    attemptDetails({
      ...base,
      rtt_ms: 1.5,
      syn_count: 2,
      client_options: { ...options, ecn: true, mptcp: 'capable' },
      server_options: { mss: 1400, sack_permitted: true, ecn: true },
      process: { server: { pid: 7, comm: 'a\nb', attribution: 'socket' } },
      received: 5,
      closed_after_ms: 3,
    }),
    [
      'listener  a\\nb[7]',
      'rtt       1.500 ms from SYN to SYN+ACK',
      'SYNs      2 were sent',
      'offered   MSS 1460, window scale 7, SACK, timestamps, ECN, MPTCP capable',
      'answered  MSS 1400, SACK, ECN',
      'in force  no window scaling, SACK, ECN',
      'received  5 B unasked',
      'closed    by the server 3.000 ms after connect() returned',
    ],
  )
})

function seriesOf(...attempts: readonly Attempt[]): Series {
  const counted = new SeriesCount()
  for (const attempt of attempts) counted.add(attempt)
  return counted.series()
}

test('a series: times of those that were established, errors of the others', () => {
  const series = seriesOf(
    { ...base, connect_ms: 1 },
    { ...base, connect_ms: 3 },
    { ...base, outcome: 'refused', error: 'ECONNREFUSED', connect_ms: 100 },
  )
  assert.deepEqual(series, {
    type: 'series',
    attempts: 3,
    established: 2,
    failed: 1,
    connect_ms: { min: 1, avg: 2, max: 3, stddev: 1, samples: 2 },
    errors: { ECONNREFUSED: 1 },
  })
  assert.equal(
    seriesText(series),
    '3 attempts: 2 established, 1 failed (ECONNREFUSED)\nconnect() min/avg/max/stddev 1.000 ms / 2.000 ms / 3.000 ms / 1.000 ms',
  )
  assert.equal(seriesText(seriesOf()), '0 attempts: 0 established, 0 failed')
})

test('a series that was stopped: what waited has not failed', () => {
  const series = seriesOf(
    { ...base, connect_ms: 0.1 },
    { ...base, connect_ms: 0.2 },
    { ...base, outcome: 'interrupted' },
  )
  assert.deepEqual([series.failed, series.interrupted, series.errors], [0, 1, {}])
  assert.equal(series.connect_ms?.avg, 0.15)
  assert.match(seriesText(series), /^3 attempts: 2 established, 0 failed, 1 stopped\n/)
})
