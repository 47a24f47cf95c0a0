import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketBatch } from '../../src/capture/batch.ts'
import type { FlowEvent } from '../../src/flow/event.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { ETHERTYPE_IPV4, EthernetHeader } from '../../src/wire/ethernet.ts'
import { Frame } from '../../src/wire/frame.ts'
import { Ipv4Header } from '../../src/wire/ipv4.ts'
import { PacketStack } from '../../src/wire/stack.ts'
import { TcpHeader } from '../../src/wire/tcp.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/tcp-bits.ts'
import { captureFiles, corporaTest } from '../support/corpora.ts'
import { FILE_OPTIONS, feedFile } from '../support/feed.ts'

const ETHERNET = 1
const HEADERS = 14 + 20 + 20

interface Step {
  readonly flags: number
  readonly fromClient: boolean
  readonly length: number
  /** How far the numbers are from those that would be in order. */
  readonly skip: number
  readonly ackSkip: number
  readonly window: number
  readonly pause: number
}

/** Mostly data in order and new ACKs, mixed with everything that is neither. */
const step: fc.Arbitrary<Step> = fc.record({
  flags: fc.oneof(
    { weight: 80, arbitrary: fc.constantFrom(ACK, ACK | PSH) },
    { weight: 1, arbitrary: fc.constantFrom(0, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, PSH) },
  ),
  fromClient: fc.boolean(),
  length: fc.constantFrom(0, 0, 1, 100, 1448),
  skip: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    fc.constantFrom(-1448, -100, -1, 1, 100, 2 ** 31),
  ),
  ackSkip: fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, fc.constantFrom(-100, -1, 1, 100, 1448)),
  window: fc.oneof({ weight: 60, arbitrary: fc.constant(500) }, fc.constantFrom(0, 1, 100, 1448, 65535)),
  pause: fc.constantFrom(0, 1e3, 1e6, 30e6, 2e9),
})

const handshake: Step[] = [
  { fromClient: true, flags: SYN },
  { fromClient: false, flags: SYN | ACK },
  { fromClient: true, flags: ACK },
].map((part) => ({ length: 0, skip: 0, ackSkip: 0, window: 500, pause: 1e6, ...part }))

/** Runs the conversation; in batches of so many it is the engine that reads packets, as where nobody asks for them. */
function run(steps: readonly Step[], initial: readonly [number, number], perBatch: number | undefined) {
  const events: FlowEvent[] = []
  const records: FlowRecord[] = []
  const tracker = new FlowTracker(FILE_OPTIONS, {
    event: (event) => events.push(event),
    flow: (record) => records.push(record),
  })
  const frame = new Frame()
  const bytes = new Uint8Array(HEADERS)
  const view = new DataView(bytes.buffer)
  frame.rebind(bytes, view)
  frame.move(0, HEADERS, HEADERS + 1448)
  const stack = new PacketStack()
  const batch = new PacketBatch(1)
  const packets = new Uint8Array(HEADERS * steps.length)
  const next = [...initial] as [number, number]
  let time = 0 as Nanos
  steps.forEach((one, index) => {
    const side = one.fromClient ? 0 : 1
    const sequence = (next[side]! + one.skip) >>> 0
    next[side] = (sequence + one.length + (one.flags & (SYN | FIN) ? 1 : 0)) >>> 0
    EthernetHeader.emit(view, 0, { etherType: ETHERTYPE_IPV4 })
    Ipv4Header.emit(view, 14, {
      totalLength: 40 + one.length,
      protocol: 6,
      source: 0x0a000001 + side,
      destination: 0x0a000002 - side,
    })
    TcpHeader.emit(view, 34, {
      sourcePort: side === 0 ? 4000 : 80,
      destinationPort: side === 0 ? 80 : 4000,
      sequence,
      acknowledgement: one.flags & ACK ? (next[1 - side]! + one.ackSkip) >>> 0 : 0,
      flags: one.flags,
      window: one.window,
    })
    time = (time + one.pause) as Nanos
    if (perBatch !== undefined) {
      if (batch.count === 0) batch.reset(packets, new DataView(packets.buffer))
      packets.set(bytes, index * HEADERS)
      batch.push(index * HEADERS, HEADERS, HEADERS + 1448, time, 0)
      if (batch.count < perBatch && index + 1 < steps.length) return
      tracker.load(batch, batch.count, [{ linkType: ETHERNET }])
      assert.equal(tracker.run(0, batch.count), batch.count, 'plain segments')
      batch.count = 0
      return
    }
    stack.walk(frame, ETHERNET, time)
    tracker.packet(stack, time, 0, index + 1)
  })
  tracker.finish()
  return { events, records, passed: tracker.shortCuts }
}

test('the short cut tells what the stages tell, whatever comes', () => {
  let passed = 0
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.boolean(),
      fc.constantFrom(1, 1000, 2 ** 31 - 700, 2 ** 32 - 700),
      fc.integer({ min: 1, max: 40 }),
      (steps, opened, initial, perBatch) => {
        const all = opened ? [...handshake, ...steps] : steps
        const short = run(all, [initial, initial], perBatch)
        const long = run(all, [initial, initial], undefined)
        passed += short.passed
        assert.deepEqual(short.events, long.events)
        assert.deepEqual(short.records, long.records)
      },
    ),
    { numRuns: 400 },
  )
  assert.ok(passed > 1000, `${passed} segments took it`)
})

test('an orderly transfer takes it from the first segment behind the handshake on', () => {
  const exchange = Array.from({ length: 100 }, (_, n): Step => {
    const data = n % 2 === 0
    return {
      fromClient: data,
      flags: ACK,
      length: data ? 100 : 0,
      skip: 0,
      ackSkip: 0,
      window: 500,
      pause: 1e3,
    }
  })
  assert.equal(run([...handshake, ...exchange], [1000, 2000], 7).passed, 100)
})

corporaTest('real captures: the short cut tells what the stages tell', (folder) => {
  let passed = 0
  for (const file of captureFiles(folder)) {
    const short = feedFile(file, {}, undefined, true)
    const long = feedFile(file)
    passed += short.passed
    assert.deepEqual(short.events, long.events, file)
    assert.deepEqual(short.records, long.records, file)
  }
  assert.ok(passed > 10_000, `${passed} segments took it`)
})
