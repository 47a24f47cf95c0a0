import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InFlight } from '../../src/flow/in-flight.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { ACK, FIN, SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter, type SegmentFields } from '../support/packet-writer.ts'

const C = { addr: '10.0.0.1', port: 40_000 }
const S = { addr: '10.0.0.2', port: 80 }

/** Milliseconds, whether the server sends, and what. */
type Line = readonly [at: number, from: 'C' | 'S', fields: SegmentFields]

const OPEN: readonly Line[] = [
  [0, 'C', { seq: 99, flags: SYN }],
  [10, 'S', { seq: 499, ack: 100, flags: SYN | ACK }],
  [20, 'C', { seq: 100, ack: 500, flags: ACK }],
]
const data = (seq: number, len: number): SegmentFields => ({ seq, ack: 500, len, flags: ACK })
const ack = (number: number, win = 65_535): SegmentFields => ({ seq: 500, ack: number, flags: ACK, win })

function record(lines: readonly Line[]): FlowRecord {
  const records: FlowRecord[] = []
  const tracker = new FlowTracker(FILE_OPTIONS, { flow: (flow) => records.push(flow) })
  const writer = new PacketWriter()
  lines.forEach(([at, from, fields], i) => {
    const stack = from === 'C' ? writer.tcp(C, S, fields) : writer.tcp(S, C, fields)
    tracker.packet(stack, (at * 1e6) as Nanos, 0, i + 1)
  })
  tracker.finish()
  return records[0]!
}

const CASES: readonly [
  what: string,
  lines: readonly Line[],
  packets: number,
  bytes: number,
  unique: number,
][] = [
  [
    'the whole segment again',
    [
      [30, 'C', data(100, 50)],
      [40, 'C', data(100, 50)],
    ],
    1,
    50,
    50,
  ],
  [
    'half of it again, half new',
    [
      [30, 'C', data(100, 50)],
      [40, 'C', data(125, 50)],
    ],
    1,
    25,
    75,
  ],
  [
    'late into a hole: nothing again',
    [
      [30, 'C', data(150, 50)],
      [40, 'C', data(100, 50)],
    ],
    0,
    0,
    100,
  ],
  [
    'over a hole and what is around it',
    [
      [30, 'C', data(100, 20)],
      [35, 'C', data(150, 50)],
      [40, 'C', data(100, 100)],
    ],
    1,
    70,
    100,
  ],
  [
    'into a hole that was acknowledged',
    [
      [30, 'C', data(150, 50)],
      [35, 'S', ack(200)],
      [40, 'C', data(100, 50)],
    ],
    0,
    0,
    100,
  ],
  [
    'into such a hole twice',
    [
      [30, 'C', data(150, 50)],
      [35, 'S', ack(200)],
      [40, 'C', data(100, 50)],
      [50, 'C', data(100, 50)],
    ],
    1,
    50,
    100,
  ],
  [
    'half a circle further: neither before nor behind, so nothing again',
    [
      [30, 'C', data(100, 50)],
      [40, 'C', data((150 + 2 ** 31) >>> 0, 50)],
    ],
    0,
    0,
    100,
  ],
  [
    'a FIN again',
    [
      [30, 'C', { ...data(100, 0), flags: ACK | FIN }],
      [40, 'C', { ...data(100, 0), flags: ACK | FIN }],
    ],
    1,
    1,
    0,
  ],
  [
    'a byte against a closed window',
    [
      [30, 'C', data(100, 50)],
      [35, 'S', ack(150, 0)],
      [40, 'C', data(149, 1)],
    ],
    0,
    0,
    50,
  ],
]

for (const [what, lines, packets, bytes, unique] of CASES)
  test(`sent again: ${what}`, () => {
    const { rexmt_packets, rexmt_bytes, unique_bytes } = record([...OPEN, ...lines]).client
    assert.deepEqual(
      { rexmt_packets, rexmt_bytes, unique_bytes },
      {
        rexmt_packets: packets,
        rexmt_bytes: bytes,
        unique_bytes: unique,
      },
    )
  })

test('earlier bytes that come late where the capture began in the middle are new, once', () => {
  const { client } = record([
    [0, 'C', data(200, 50)],
    [1, 'C', data(100, 50)],
    [2, 'C', data(100, 50)],
    [3, 'C', data(150, 50)],
  ])
  assert.deepEqual([client.rexmt_bytes, client.unique_bytes], [50, 150])
})

test('a segment is timed unless it or an earlier one was sent again before its acknowledgement', () => {
  const times = (lines: readonly Line[]) => record([...OPEN, ...lines]).client.rtt_ms!.samples - 1
  assert.equal(
    times([
      [30, 'C', data(100, 50)],
      [40, 'S', ack(150)],
    ]),
    1,
  )
  assert.equal(
    times([
      [30, 'C', data(100, 50)],
      [35, 'C', data(100, 50)],
      [40, 'S', ack(150)],
    ]),
    0,
  )
  const both: Line[] = [
    [30, 'C', data(100, 50)],
    [31, 'C', data(150, 50)],
  ]
  assert.equal(times([...both, [35, 'C', data(100, 50)], [40, 'S', ack(200)]]), 0)
  assert.equal(times([...both, [35, 'C', data(150, 50)], [40, 'S', ack(150)], [41, 'S', ack(200)]]), 1)
  // Acknowledged in the middle of a segment first: its end tells nothing any more.
  assert.equal(
    times([
      [30, 'C', data(100, 50)],
      [35, 'S', ack(120)],
      [40, 'S', ack(150)],
    ]),
    0,
  )
})

test('a segment that the clock puts before its predecessor is not timed', () => {
  const lines: Line[] = [
    [32, 'C', data(100, 50)],
    [30, 'C', data(150, 50)],
    [40, 'S', ack(200)],
    [50, 'C', data(200, 50)],
    [60, 'S', ack(250)],
  ]
  assert.equal(record([...OPEN, ...lines]).client.rtt_ms!.samples - 1, 1)
})

test('a handshake whose third ACK was not captured has no round trip', () => {
  const { handshake } = record([...OPEN.slice(0, 2), [5000, 'C', data(150, 50)]])
  assert.deepEqual([handshake!.rtt_ms, handshake!.server_rtt_ms], [null, 10])
})

test('bytes that are acknowledged before they are seen are missed, each time', () => {
  const lines: Line[] = [
    [30, 'S', ack(200)],
    [40, 'C', data(200, 50)],
    [50, 'S', ack(300)],
    [60, 'C', data(300, 50)],
    [70, 'S', ack(350)],
  ]
  assert.equal(record([...OPEN, ...lines]).missed_bytes, 150)
})

test('bytes in flight, the time of an ACK and of a retransmission', () => {
  const inFlight = new InFlight()
  const writer = new PacketWriter()
  const nothing = { isRetransmission: false, hasLostBefore: false }
  const figures = ([at, from, fields]: Line, found = nothing) => {
    const stack = from === 'C' ? writer.tcp(C, S, fields) : writer.tcp(S, C, fields)
    inFlight.segment(7, from === 'C', stack, at, found)
    return [inFlight.bytes, inFlight.ackRtt, inFlight.rto]
  }
  const none = Number.NaN
  assert.deepEqual(figures([10, 'C', data(100, 50)]), [50, none, none])
  assert.deepEqual(figures([20, 'C', data(150, 50)]), [100, none, none])
  assert.deepEqual(figures([25, 'S', ack(125)]), [0, none, none])
  assert.deepEqual(figures([30, 'C', data(200, 50)]), [125, none, none])
  assert.deepEqual(figures([40, 'C', data(125, 25)], { ...nothing, isRetransmission: true }), [125, none, 30])
  assert.deepEqual(figures([50, 'S', ack(200)]), [0, 30, none])
  assert.deepEqual(figures([60, 'C', data(400, 50)], { ...nothing, hasLostBefore: true }), [0, none, none])
  assert.deepEqual(figures([70, 'S', ack(250)]), [0, 40, none])
  assert.deepEqual(figures([80, 'C', data(450, 50)]), [100, none, none])
  inFlight.forget(7)
  assert.deepEqual(figures([90, 'C', data(500, 10)]), [10, none, none])
})
