import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { cellWidth } from '../../src/render/cell-width.ts'
import { renderCounters } from '../../src/render/counters.ts'
import { createStyle } from '../../src/render/style.ts'
import {
  COUNTERS,
  type CountersRecord,
  parseCounters,
  parseSockstat,
  withRates,
} from '../../src/sockets/counters.ts'
import { assertGolden } from '../support/golden.ts'

test('names and values stand in pairs of lines; other protocols and torn text are left out', () => {
  const text =
    'Ip: Forwarding\nIp: 1\nTcp: MaxConn RetransSegs\nTcp: -1 7\nTcpExt: ListenDrops\nTcpExt: 3\nTcp: OutRsts'
  assert.deepEqual(
    [...parseCounters(text)],
    [
      ['MaxConn', -1],
      ['RetransSegs', 7],
      ['ListenDrops', 3],
    ],
  )
  assert.deepEqual([...parseCounters('')], [])
})

test('sockstat', () => {
  const kinds = parseSockstat(
    'sockets: used 9\nTCP: inuse 5 orphan 1 tw 3 alloc 6 mem 2\nUDP: inuse 1 mem 0\n',
  )
  assert.deepEqual(kinds.get('TCP'), { inuse: 5, orphan: 1, tw: 3, alloc: 6, mem: 2 })
})

test('every counter has one meaning', () => {
  assert.equal(new Set(COUNTERS.map(({ name }) => name)).size, COUNTERS.length)
})

const RECORD: CountersRecord = {
  type: 'counters',
  netns: 1,
  states: { LISTEN: 2, ESTABLISHED: 10 },
  sockets: { tcp: 12, udp: 1, udplite: 0, raw: 0, tcp_orphaned: 0, tcp_time_wait: 4, tcp_memory: 6 },
  limits: {
    time_wait_max: 100,
    conntrack: 5,
    conntrack_max: 50,
    ephemeral_ports: 28_232,
    busiest_destination: { addr: '192.0.2.7', port: 443, ports_used: 9 },
  },
  counters: { ListenOverflows: 8, OutRsts: 0, RetransSegs: 1234 },
}

test('the summary shows what stands against a limit and the counters that moved', () => {
  const text = renderCounters(RECORD, createStyle(false))
  assert.equal(
    text,
    `TCP      ESTABLISHED 10, LISTEN 2
Sockets  in use: tcp 12, udp 1, udplite 0, raw 0; orphaned 0, memory 6 pages
Limits   TIME_WAIT 4 of 100, conntrack 5 of 50, 28232 ports to connect from, 9 used to 192.0.2.7 port 443

RetransSegs      1234  segments sent again
ListenOverflows     8  an accept queue was full: the program accepts too slowly
`,
  )
})

for (const width of [60, 80, 120, 200])
  for (const color of [false, true])
    test(`the summary at ${width} columns, colour ${color ? 'on' : 'off'}`, () => {
      const counters = Object.fromEntries(COUNTERS.map(({ name }, index) => [name, index * index]))
      const text = renderCounters({ ...RECORD, counters }, createStyle(color), width)
      assertGolden(`list/summary-${width}${color ? '-color' : ''}.txt`, text)
      for (const line of stripVTControlCharacters(text).split('\n')) assert.ok(cellWidth(line) <= width, line)
    })

test('in --watch the counters that moved since, per second', () => {
  const now = { ...RECORD, counters: { ListenOverflows: 8, OutRsts: 5, RetransSegs: 1235 } }
  const record = withRates(now, RECORD, 2)
  assert.equal(record.interval_s, 2)
  assert.deepEqual(record.rates, { OutRsts: 2.5, RetransSegs: 0.5 })
  const shown = (given: CountersRecord): string[] =>
    renderCounters(given, createStyle(false)).trimEnd().split('\n').slice(4)
  assert.deepEqual(shown(record), [
    'OutRsts         5  2.5/s  resets sent',
    'RetransSegs  1235  0.5/s  segments sent again',
  ])
  assert.deepEqual(shown(withRates(now, now, 2)), ['no counter moved in 2.0 s'])
})

test('lines are cut to the width, colours or not', () => {
  const fast = withRates({ ...RECORD, counters: { RetransSegs: 99_999 } }, RECORD, 0.5)
  for (const record of [RECORD, fast])
    for (const width of [8, 20, 40, 60, 200]) {
      const plain = renderCounters(record, createStyle(false), width)
      for (const line of plain.split('\n')) assert.ok(line.length <= width, line)
      assert.equal(stripVTControlCharacters(renderCounters(record, createStyle(true), width)), plain)
    }
})
