import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { ACK, SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter } from '../support/packet-writer.ts'

const C = { addr: '10.0.0.1', port: 40_000 }
const S = { addr: '10.0.0.2', port: 80 }
/** Numbers around the wrap; odd, as 0 stands for an unknown one (`SideView.next`). */
const BASE = 2 ** 32 - 51
const at = (offset: number): number => (BASE + offset) >>> 0
const even = (max: number, min = 0) => fc.integer({ min, max }).map((half) => half * 2)

test('gaps hold exactly the bytes that a set would', () => {
  const piece = fc.tuple(even(15), even(15, 1))
  const late = fc.tuple(even(50), even(15, 1))
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 6 }),
      fc.array(late, { maxLength: 12 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (pieces, filled, share) => {
        const records: FlowRecord[] = []
        const tracker = new FlowTracker(FILE_OPTIONS, { flow: (flow) => records.push(flow) })
        const writer = new PacketWriter()
        let time = 0
        const packet = (stack: ReturnType<PacketWriter['tcp']>): void => {
          time += 1e6
          tracker.packet(stack, time as Nanos, 0, 1)
        }
        const data = (offset: number, len: number): void =>
          packet(writer.tcp(C, S, { seq: at(offset), ack: 501, len, flags: ACK }))
        packet(writer.tcp(C, S, { seq: at(-1), flags: SYN }))
        packet(writer.tcp(S, C, { seq: 500, ack: at(0), flags: SYN | ACK }))
        packet(writer.tcp(C, S, { seq: at(0), ack: 501, flags: ACK }))
        const missing = new Set<number>()
        let end = 0
        for (const [skip, length] of pieces) {
          for (let i = 0; i < skip; i++) missing.add(end + i)
          data(end + skip, length)
          end += skip + length
        }
        for (const [from, length] of filled) {
          const most = Math.min(length, end - from)
          if (most <= 0) continue
          data(from, most)
          for (let i = 0; i < most; i++) missing.delete(from + i)
        }
        const acked = Math.floor((end / 2) * share) * 2
        if (acked > 0) packet(writer.tcp(S, C, { seq: 501, ack: at(acked), flags: ACK }))
        tracker.finish()
        const below = [...missing].filter((offset) => offset < acked).length
        assert.equal(records[0]!.missed_bytes, below)
      },
    ),
    { numRuns: 500 },
  )
})
