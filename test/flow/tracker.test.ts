import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlowEvent } from '../../src/flow/event.ts'
import { NO_FLOW } from '../../src/flow/flow-id.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker, type TrackerOptions } from '../../src/flow/tracker.ts'
import { ACK, FIN, RST, SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter, type SegmentFields } from '../support/packet-writer.ts'

const server = { addr: '10.0.0.2', port: 80 }
const client = (port: number) => ({ addr: '10.0.0.1', port })
const seconds = (n: number) => (n * 1e9) as Nanos

function tracked(options: Partial<TrackerOptions> = {}) {
  const records: FlowRecord[] = []
  const events: FlowEvent[] = []
  const tracker = new FlowTracker(
    { ...FILE_OPTIONS, ...options },
    { event: (event) => events.push(event), flow: (record) => records.push(record) },
  )
  const writer = new PacketWriter()
  return {
    tracker,
    records,
    events,
    writer,
    /** A segment from the client's port, or to it. */
    send: (at: number, port: number, fields: SegmentFields, back = false) =>
      tracker.packet(
        back ? writer.tcp(server, client(port), fields) : writer.tcp(client(port), server, fields),
        seconds(at),
        0,
        1,
      ),
  }
}

const refuse = (t: ReturnType<typeof tracked>, at: number, port: number) => {
  t.send(at, port, { seq: 100, flags: SYN })
  t.send(at, port, { seq: 0, ack: 101, flags: RST | ACK }, true)
}

test('a flow that ended gives its record when it has lingered, not before', () => {
  const t = tracked({ linger: seconds(1) })
  refuse(t, 1, 1000)
  t.tracker.advance(seconds(1.9))
  assert.equal(t.records.length, 0)
  t.tracker.advance(seconds(2))
  assert.deepEqual(
    t.records.map((r) => [r.id, r.outcome]),
    [[0, 'refused']],
  )
  t.tracker.finish()
  assert.equal(t.records.length, 1)
})

test('packets move the clock too', () => {
  const t = tracked({ linger: seconds(1) })
  refuse(t, 1, 1000)
  t.send(9, 1001, { seq: 1, flags: SYN })
  assert.equal(t.records.length, 1)
})

test('an attempt that nobody answers is over when the ladder is', () => {
  const t = tracked()
  t.send(0, 1000, { seq: 100, flags: SYN })
  t.tracker.advance(seconds(131))
  assert.equal(t.records.length, 0)
  t.tracker.advance(seconds(138))
  assert.deepEqual(
    t.records.map((r) => r.outcome),
    ['timeout'],
  )
})

test('finish gives the rest in order of id', () => {
  const t = tracked()
  for (const port of [1005, 1001, 1003]) t.send(1, port, { seq: 1, flags: SYN })
  refuse(t, 1, 1002)
  t.tracker.finish()
  assert.deepEqual(
    t.records.map((r) => [r.id, r.client.port]),
    [
      [0, 1005],
      [1, 1001],
      [2, 1003],
      [3, 1002],
    ],
  )
})

test('a full table lets go of what is over, then of attempts, then of the oldest connection', () => {
  const t = tracked({ maxFlows: 3 })
  t.send(1, 1, { seq: 1, ack: 1, flags: ACK }) // open: seen in the middle
  t.send(1, 2, { seq: 1, flags: SYN })
  refuse(t, 1, 3)
  for (const port of [4, 5, 6, 7]) t.send(2, port, { seq: 1, ack: 1, flags: ACK })
  assert.deepEqual(
    t.records.map((r) => [r.client.port, r.outcome]),
    [
      [3, 'refused'],
      [2, 'incomplete'],
      [1, 'midstream'],
      [4, 'midstream'],
    ],
  )
  assert.equal(t.tracker.evicted, 4)
  assert.equal(t.tracker.flowCount, 7)
})

test('without an event sink the statistics are the same', () => {
  const quiet: FlowRecord[] = []
  const without = new FlowTracker(FILE_OPTIONS, { flow: (record) => quiet.push(record) })
  const t = tracked()
  const writer = new PacketWriter()
  for (const [fields, back] of [
    [{ seq: 100, flags: SYN }, false],
    [{ seq: 500, ack: 101, flags: SYN | ACK }, true],
    [{ seq: 101, ack: 501, flags: ACK }, false],
    [{ seq: 101, ack: 501, flags: ACK, len: 10 }, false],
    [{ seq: 101, ack: 501, flags: ACK, len: 10 }, false],
    [{ seq: 501, ack: 111, flags: ACK | FIN }, true],
  ] as const) {
    t.send(1, 1000, fields, back)
    const [from, to] = back ? [server, client(1000)] : [client(1000), server]
    without.packet(writer.tcp(from, to, fields), seconds(1), 0, 1)
  }
  t.tracker.finish()
  without.finish()
  assert.deepEqual(quiet, t.records)
  assert.equal(quiet[0]!.client.retransmissions, 1)
})

test('UDP is left out with protocols tcp, and a flow with all: silent for a minute it is over', () => {
  const tcpOnly = tracked()
  assert.equal(
    tcpOnly.tracker.packet(
      tcpOnly.writer.udp(client(5000), { addr: '10.0.0.2', port: 53 }, 30),
      seconds(1),
      0,
      1,
    ),
    NO_FLOW,
  )
  const t = tracked({ protocols: 'all' })
  const dns = { addr: '10.0.0.2', port: 53 }
  // The answer alone was captured first: the well-known port tells who the server is.
  t.tracker.packet(t.writer.udp(dns, client(5000), 100), seconds(1), 0, 1)
  t.tracker.packet(t.writer.udp(client(5000), dns, 30), seconds(2), 0, 2)
  t.tracker.advance(seconds(61))
  assert.equal(t.records.length, 0)
  t.tracker.advance(seconds(62))
  const [record] = t.records
  assert.deepEqual(
    [record!.proto, record!.client.port, record!.client.bytes, record!.server.bytes, record!.conn_state],
    ['udp', 5000, 30, 100, 'SF'],
  )
  assert.equal(record!.history, '^dD')
})

test('echo and its reply are one ICMP flow, over after ten silent seconds', () => {
  const t = tracked({ protocols: 'all' })
  t.tracker.packet(t.writer.icmp('10.0.0.1', '10.0.0.2', 8, 0), seconds(1), 0, 1)
  t.tracker.packet(t.writer.icmp('10.0.0.2', '10.0.0.1', 0, 0), seconds(1), 0, 2)
  t.tracker.advance(seconds(11))
  assert.deepEqual(
    t.records.map((r) => [r.proto, r.client.addr, r.client.port, r.outcome]),
    [['icmp', '10.0.0.1', 8, 'established']],
  )
})

test('an ICMP port unreachable refuses the flow that it quotes', () => {
  const t = tracked({ protocols: 'all' })
  const ping = { seq: 0, flags: 0 }
  t.send(1, 1000, { seq: 100, flags: SYN })
  t.tracker.packet(
    t.writer.icmpError('10.0.0.2', 3, 3, client(1000), server, { ...ping, seq: 100 }),
    seconds(1),
    0,
    2,
  )
  const event = t.events.at(-1)!
  assert.equal(event.event, 'icmp_error')
  assert.deepEqual([event.src.port, event.sender, event.flow], [1000, 'client', 0])
  t.tracker.finish()
  assert.equal(t.records[0]!.outcome, 'refused')
})
