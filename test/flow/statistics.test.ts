import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FlowRecord, FlowSide } from '../../src/flow/record.ts'
import { Statistics } from '../../src/flow/statistics.ts'
import { corporaTest } from '../support/corpora.ts'
import { feedFile } from '../support/feed.ts'

function side(addr: string, bytes: number): FlowSide {
  return {
    addr,
    port: 80,
    packets: 1,
    bytes,
    wire_bytes: bytes,
    retransmissions: 0,
    fast_retransmissions: 0,
    spurious_retransmissions: 0,
    out_of_order: 0,
    lost_segments: 0,
    dup_acks: 0,
    zero_windows: 0,
    window_fulls: 0,
    keep_alives: 0,
    resets: 0,
    max_window: 0,
  } as FlowSide
}

function record(id: number, client: string, server: string, bytes: number): FlowRecord {
  return {
    type: 'flow',
    id,
    proto: 'udp',
    client: side(client, bytes),
    server: side(server, 0),
    outcome: 'established',
    conn_state: 'SF',
    duration_ms: 1,
    missed_bytes: 0,
  } as FlowRecord
}

test('the largest conversations, whatever their order', () =>
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 400 }), (sizes) => {
      const statistics = new Statistics(10)
      sizes.forEach((size, i) => {
        statistics.add(record(i, `10.0.0.${i % 7}`, '10.1.0.1', size))
      })
      const expected = sizes
        .map((size, flow) => ({ size, flow }))
        .sort((a, b) => b.size - a.size || a.flow - b.flow)
      assert.deepEqual(
        statistics.conversations.map(({ flow }) => flow),
        expected.slice(0, 10).map(({ flow }) => flow),
      )
      assert.equal(statistics.packets, sizes.length * 2)
    }),
  ))

test('an address that talks to itself has the flow once, and all packets both ways', () => {
  const statistics = new Statistics(10)
  statistics.add(record(0, '127.0.0.1', '127.0.0.1', 100))
  const [self] = statistics.endpoints.top(2)
  assert.deepEqual([self!.flows, self!.packets_sent, self!.packets_received], [1, 2, 2])
  assert.deepEqual([self!.bytes_sent, self!.bytes_received], [100, 100])
})

test('more addresses than are held: the large ones stay, and it is said', () => {
  const statistics = new Statistics(10, 100)
  for (let i = 0; i < 5000; i++) {
    statistics.add(record(i, `10.0.${i >> 8}.${i & 255}`, 'heavy', 1))
    statistics.add(record(i, 'busy', 'heavy', 1000))
  }
  assert.deepEqual(
    statistics.endpoints.top(2).map(({ addr, flows }) => [addr, flows]),
    [
      ['heavy', 10_000],
      ['busy', 5000],
    ],
  )
  assert.ok(statistics.endpoints.approximate)
  assert.ok(statistics.endpoints.size <= 100)
  assert.equal(statistics.services.approximate, false)
})

corporaTest('what the records say is all counted', (folder) => {
  const { records } = feedFile(`${folder}/zeek+zeek/testing/btest/Traces/http/206_example_c.pcap`)
  const statistics = new Statistics(10)
  for (const flow of records) statistics.add(flow)
  const both = records.flatMap(({ client, server }) => [client, server])
  const sum = (key: 'packets' | 'wire_bytes' | 'dup_acks'): number =>
    both.reduce((total, one) => total + one[key], 0)
  assert.equal(statistics.packets, sum('packets'))
  assert.equal(statistics.wireBytes, sum('wire_bytes'))
  assert.equal(statistics.troubles.get('dup_acks'), sum('dup_acks'))
  assert.equal(
    statistics.roundTrips.samples,
    both.reduce((total, { rtt_ms }) => total + (rtt_ms?.samples ?? 0), 0),
  )
  assert.equal(
    statistics.endpoints.top(100).reduce((total, { bytes_sent }) => total + bytes_sent, 0),
    statistics.wireBytes,
  )
})
