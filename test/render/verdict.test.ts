import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { FailureCounts } from '../../src/diagnose/failure-counts.ts'
import type { Verdict } from '../../src/diagnose/verdict.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { cellWidth } from '../../src/render/cell-width.ts'
import { failuresText } from '../../src/render/failures.ts'
import { outputSchema } from '../../src/render/schema.ts'
import { createStyle } from '../../src/render/style.ts'
import { TraceClock } from '../../src/render/time.ts'
import { verdictJson, verdictText } from '../../src/render/verdict.ts'
import { assertGolden } from '../support/golden.ts'

const VERDICT: Verdict = {
  type: 'verdict',
  at: 1_500_000_000 as Nanos,
  proto: 'tcp',
  flow: 3,
  client: { addr: '127.0.0.2', port: 48448 },
  server: { addr: '127.0.0.2', port: 8080 },
  process: { client: { pid: 4021, comm: 'curl', attribution: 'tracepoint' } },
  final: true,
  verdict: 'refused.wrong-address',
  error: 'ECONNREFUSED',
  confidence: 'certain',
  summary: 'nginx[77] listens on port 8080, but only on 127.0.0.1; this connection went to 127.0.0.2.',
  evidence: [
    { plane: 'wire', status: 'seen', detail: 'SYN answered by RST,ACK after 0.04 ms' },
    {
      plane: 'socket',
      status: 'seen',
      detail: 'LISTEN 127.0.0.1:8080; nothing on 127.0.0.2, 0.0.0.0 or [::]',
    },
    { plane: 'process', status: 'not_seen', detail: 'no process is known' },
    { plane: 'kernel', status: 'not_watched', detail: 'needs CAP_PERFMON: run it with sudo' },
  ],
  advice: [
    'connect to 127.0.0.1:8080, or let it listen on every address (`listen 8080;`)',
    'systemctl restart nginx',
  ],
}
const WAITING: Verdict = {
  ...VERDICT,
  verdict: 'timeout.no-answer',
  error: 'ETIMEDOUT',
  final: false,
  client: { addr: '2001:db8:85a3:8d3:1319:8a2e:370:7348', port: 48448 },
  server: { addr: '2001:db8:85a3:8d3:1319:8a2e:370:7344', port: 443, name: 'a.example' },
}

for (const width of [60, 80, 120])
  test(`a verdict in ${width} columns, with and without colour`, () => {
    const text = (color: boolean): string =>
      [VERDICT, WAITING].map((v) => verdictText(v, { style: createStyle(color), columns: width })).join('\n')
    assertGolden(`verdict/${width}.txt`, text(false))
    assertGolden(`verdict/${width}-color.txt`, text(true))
    for (const line of text(false).split('\n')) assert.ok(cellWidth(line) <= width, line)
    assert.equal(
      text(true).replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), ''),
      text(false),
    )
  })

test('in a pipe no line is broken', () => {
  const text = verdictText(VERDICT, { style: createStyle(false) })
  assert.equal(text.split('\n').length, 2 + 4 + 2 + 1)
  assert.match(
    text,
    /^✗ refused {2}curl\[4021\] {2}127\.0\.0\.2:48448 → 127\.0\.0\.2:8080 {3}ECONNREFUSED {3}refused\.wrong-address\n/,
  )
})

test('nothing that came from elsewhere reaches the terminal raw', () => {
  const hostile = '\u001b[2J\u202e\u0007'
  const verdict: Verdict = {
    ...VERDICT,
    summary: `a${hostile}`,
    advice: [`b${hostile}`],
    evidence: [{ plane: 'process', status: 'seen', detail: `c${hostile}` }],
    process: { client: { pid: 1, comm: hostile, attribution: 'socket' } },
    server: { ...VERDICT.server, name: hostile },
  }
  const text = verdictText(verdict, { style: createStyle(false), columns: 80 })
  assert.equal(/[\u0000-\u0009\u000b-\u001f\u202e]/.test(text), false, JSON.stringify(text))
})

test('the JSON line is the verdict as the schema has it', () => {
  const line = JSON.parse(verdictJson(VERDICT, new TraceClock(1_700_000_000)))
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(outputSchema)
  assert.ok(validate(line), JSON.stringify(validate.errors))
  const { at: _, ...rest } = VERDICT
  assert.deepEqual(line, { ...rest, time: '2023-11-14T22:13:21.500000000Z', ts: 1_700_000_001.5 })
})

test('failures are counted once for each connection, by its last verdict', () => {
  const counts = new FailureCounts()
  counts.add(WAITING)
  counts.add({ ...WAITING, verdict: 'timeout.dropped-in', final: true })
  counts.add(VERDICT)
  counts.add({ ...VERDICT, client: { addr: '127.0.0.2', port: 48449 } })
  const text = failuresText(counts, 0, 10, { style: createStyle(false), width: 100 })
  assert.deepEqual(
    text.split('\n').map((line) => line.trim().split(/ {2,}/)),
    [
      ['Count', 'Verdict', 'Peer', 'Process'],
      ['2', 'refused.wrong-address', '127.0.0.2:8080', 'curl'],
      ['1', 'timeout.dropped-in', '[2001:db8:85a3:8d3:1319:8a2e:370:7344]:443', 'curl'],
      [''],
    ],
  )
  assert.match(
    failuresText(counts, 0, 1, { style: createStyle(false), width: 80 }),
    /and 1 more of other kinds\n$/,
  )
  const unsaid =
    /2 more attempts failed without a verdict: their program reached the port at another address\n$/
  for (const some of [counts, new FailureCounts()])
    assert.match(failuresText(some, 2, 10, { style: createStyle(false), width: 80 }), unsaid)
})
