import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { Frame } from '../../src/wire/frame.ts'
import { PacketStack } from '../../src/wire/stack.ts'
import { SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter } from '../support/packet-writer.ts'

const LINK_RAW = 101
const SOURCE_ADDRESS = 12
const FLOWS = 6000
const PIECE_BYTES = 128 * 1024

/** The records of `FLOWS` attempts; `before` is called before each packet. */
function records(before: (tracker: FlowTracker, n: number) => void): FlowRecord[] {
  const writer = new PacketWriter()
  const client = { addr: '20.0.0.0', port: 4000 }
  const { payloadOffset } = writer.tcp(client, { addr: '10.0.0.1', port: 80 }, { seq: 1, flags: SYN })
  const view = new DataView(writer.bytes.buffer)
  const frame = new Frame()
  const stack = new PacketStack()
  const told: FlowRecord[] = []
  const tracker = new FlowTracker(FILE_OPTIONS, { flow: (record) => void told.push(record) })
  frame.rebind(writer.bytes, view)
  for (let n = 0; n < FLOWS; n++) {
    before(tracker, n)
    view.setUint32(SOURCE_ADDRESS, 0x14000000 + n)
    frame.move(0, payloadOffset, payloadOffset)
    stack.walk(frame, LINK_RAW)
    tracker.packet(stack, (n * 100) as Nanos, 0, n + 1)
  }
  tracker.finish()
  return told
}

const expected = records(() => {})

test('memory that another thread writes zeros to is not taken before it is done', () => {
  assert.equal(expected.length, FLOWS)
  const turns = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 2, maxLength: 12 })
  fc.assert(
    fc.property(turns, (gaps) => {
      let at = 0
      const turn = new Set(gaps.map((gap) => (at += gap)))
      let touched: Uint8Array | undefined
      let pieces = 0
      const told = records(({ engine }, n) => {
        if (!turn.has(n)) return
        if (touched === undefined) {
          touched = engine.growFresh(PIECE_BYTES)
          assert.equal(touched?.length, PIECE_BYTES)
          assert.equal(engine.growFresh(PIECE_BYTES), undefined)
          pieces++
        } else {
          // The thread writes until the last moment.
          assert.ok(touched.every((byte) => byte === 0))
          touched.fill(0)
          engine.calls.freshTouched()
          touched = undefined
        }
      })
      assert.ok(pieces > 0)
      assert.deepEqual(told, expected)
    }),
    { numRuns: 20, examples: [[[1, 1, 1]]] },
  )
})

test('what was touched is taken next', () => {
  records(({ engine }, n) => {
    if (n !== 10) return
    const left = engine.calls.leftBytes()
    engine.growFresh(PIECE_BYTES)
    assert.equal(engine.calls.leftBytes(), left)
    engine.calls.freshTouched()
    assert.equal(engine.calls.leftBytes(), left + PIECE_BYTES)
  })
})

test('it lies behind all that was there, above 2 GiB too', () => {
  const { engine } = new FlowTracker(FILE_OPTIONS, {})
  const bytes = 64 << 20
  for (let n = 0; n < 40; n++) {
    const end = engine.memory.bytes.length
    const piece = engine.growFresh(bytes)
    assert.deepEqual([piece?.byteOffset, piece?.length], [end, bytes])
    engine.calls.freshTouched()
  }
})
