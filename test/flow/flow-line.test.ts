import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlowKey } from '../../src/flow/key.ts'
import { LETTERS_ROOM, ROW_BYTES } from '../../src/flow/layout.ts'
import { LIST_OPEN } from '../../src/flow/list-numbers.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import { STATE_COUNT } from '../../src/flow/state-numbers.ts'
import { type FlowSinks, FlowStore } from '../../src/flow/store.ts'
import { MODERN_LADDER } from '../../src/flow/syn-ladder.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { asciiText } from '../../src/render/ascii-line.ts'
import { JsonLines } from '../../src/render/json.ts'
import { TraceClock } from '../../src/render/time.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter, type SegmentFields } from '../support/packet-writer.ts'
import { type Values, writeFlow, writeSide } from '../support/row-fields.ts'

/** Takes what the engine writes, and what is written here of the records. */
class Lines {
  text = ''
  readonly #render: JsonLines

  constructor(originSeconds: number) {
    this.#render = new JsonLines(new TraceClock(originSeconds))
  }

  /** All records are lines of the engine's. */
  readonly ofEngine: FlowSinks = {
    flow: (record) => this.record(record),
    lines: {
      verdict: ({ serial }) => verdictOf(serial),
      write: (bytes) => {
        this.text += asciiText(bytes)
      },
    },
  }

  /** None is. */
  readonly ofRecords: FlowSinks = { flow: (record) => this.record(record) }

  record(record: FlowRecord): void {
    const verdict = verdictOf(record.id)
    this.text += asciiText(this.#render.flow(verdict === '' ? record : { ...record, verdict }))
  }
}

/** Every third flow has one. */
function verdictOf(serial: number): string {
  return serial % 3 === 1 ? 'timeout.no-answer' : ''
}

const ORIGIN = 1_700_000_000
const CLIENT = { addr: '10.0.0.1', port: 40_000 }
const SERVER = { addr: '10.0.0.2', port: 443 }
const near = fc.nat({ max: 4000 }).map((n) => (2 ** 32 - 2000 + n) >>> 0)

const sent = fc.record({
  back: fc.boolean(),
  after: fc.oneof(fc.constantFrom(0, 1e3, 1e9, 200e9), fc.nat({ max: 1e8 })),
  fields: fc.record({
    seq: near,
    ack: near,
    flags: fc.constantFrom(SYN, SYN | ACK, ACK, ACK | PSH, ACK | PSH, ACK | FIN, RST, RST | ACK, 0),
    win: fc.constantFrom(0, 1, 500, 65_535),
    len: fc.constantFrom(0, 0, 1, 100, 1000),
    options: fc.constantFrom({}, { mss: 1460, windowScale: 7, sackPermitted: true }),
  } satisfies Record<keyof SegmentFields & string, fc.Arbitrary<unknown>>),
})

test('the line that the engine writes of a flow is that of its record, for any segments', () => {
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 60 }), (segments) => {
      const told = (choose: (lines: Lines) => FlowSinks): string => {
        const lines = new Lines(ORIGIN)
        const tracker = new FlowTracker(FILE_OPTIONS, choose(lines))
        tracker.setOrigin(ORIGIN)
        const writer = new PacketWriter()
        let time = 0
        segments.forEach(({ back, after, fields }, i) => {
          time += after
          const stack = back ? writer.tcp(SERVER, CLIENT, fields) : writer.tcp(CLIENT, SERVER, fields)
          tracker.packet(stack, time as Nanos, 0, i + 1)
        })
        tracker.finish()
        tracker.handOver()
        return lines.text
      }
      assert.equal(
        told(({ ofEngine }) => ofEngine),
        told(({ ofRecords }) => ofRecords),
      )
    }),
    { numRuns: 300 },
  )
})

const word = fc.oneof(fc.nat(), fc.nat({ max: 2 ** 32 - 1 }), fc.constantFrom(0, 1, 2 ** 32 - 1))
const half = fc.nat({ max: 65_535 })
const byte = fc.nat({ max: 255 })
const state = fc.nat({ max: STATE_COUNT - 1 })
const time = fc.oneof(
  fc.nat({ max: 2 ** 53 - 1 }),
  fc.nat().map((n) => n * 1e3),
  fc.constant(0),
)
const figure = fc.oneof(
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: 1e-3, max: 1e13, noNaN: true }),
  fc.nat().map((n) => n * 1e3),
  fc.constantFrom(0, 0.5, 1, 2 ** -20, 123_456_789.5),
)
const side = fc.record({
  lastTime: time,
  wireBytes: fc.nat({ max: 2 ** 53 - 1 }),
  packets: word,
  acked: word,
  zeekLast: word,
  maxWindow: word,
  marks: half,
  rttMean: figure,
  rttSquares: figure,
  rttMin: figure,
  rttMax: figure,
  rttSamples: fc.oneof(fc.nat({ max: 3 }), word),
  initial: word,
  synCount: fc.nat({ max: 3 }),
  synAckCount: fc.nat({ max: 3 }),
  mss: half,
  proven: state,
  expected: state,
  zeekState: fc.nat({ max: 6 }),
  zeekBefore: fc.nat({ max: 6 }),
  lastWraps: byte,
  ackedWraps: byte,
  options: byte,
  scaleOffer: fc.nat({ max: 15 }),
})
const flow = fc.record({
  marks: half,
  client: fc.nat({ max: 1 }),
  closer: fc.nat({ max: 2 }),
  icmpError: fc.nat({ max: 30 }),
  start: time,
  synTime: time,
  synAckTime: time,
  ackTime: time,
})
/** Groups of zeros are what makes the text of an address hard. */
const address = fc.array(fc.constantFrom(0, 0, 1, 0xffff, 0x1234_0000, 0xfd00_0000, 0x0a0b_0c0d), {
  minLength: 4,
  maxLength: 4,
})
const letter = fc.constantFrom(...'^SHADFRCGTWIQshadfrgtw')
const letters = fc.oneof(
  { weight: 50, arbitrary: fc.array(letter, { maxLength: 40 }) },
  fc.nat({ max: 4 }).map((more) => [...'Sd'.padEnd(LETTERS_ROOM - 2 + more, 'T')]),
)

test('and for any row, with all that numbers, addresses and dates can be', () => {
  const run = (row: object): void => {
    const line = lineOf(row as Row, true)
    assert.match(line, /^\{"type":"flow",.*\}\n$/)
    assert.equal(line, lineOf(row as Row, false))
  }
  fc.assert(
    fc.property(
      fc.record({
        flow,
        lower: side,
        upper: side,
        letters,
        family: fc.constantFrom(4, 6),
        addresses: fc.tuple(address, address),
        ports: fc.tuple(half, half),
        now: time,
        origin: fc.oneof(fc.nat({ max: 2 ** 32 }), fc.integer({ min: -1e13, max: 1e13 })),
      }),
      run,
    ),
    { numRuns: 2000 },
  )
})

interface Row {
  readonly flow: Values
  readonly lower: Values
  readonly upper: Values
  readonly letters: readonly string[]
  readonly family: number
  readonly addresses: readonly [readonly number[], readonly number[]]
  readonly ports: readonly [number, number]
  readonly now: number
  readonly origin: number
}

/** The line of a row with these contents. */
function lineOf(row: Row, byEngine: boolean): string {
  const lines = new Lines(row.origin)
  const options = { ...FILE_OPTIONS, ladder: MODERN_LADDER }
  const store = new FlowStore(options, byEngine ? lines.ofEngine : lines.ofRecords)
  const { calls } = store.engine
  const key = new FlowKey()
  const [from, to] = row.addresses.map((words) => (row.family === 4 ? [words[0]!, 0, 0, 0] : words))
  key.set(row.family, 6, Uint32Array.from(from!), Uint32Array.from(to!), ...row.ports)
  store.engine.setKey(key)
  const at = calls.open(LIST_OPEN, 0, 0)
  const byte = at * ROW_BYTES
  writeFlow(store.engine.memory, byte, row.flow)
  writeSide(store.engine.memory, byte, 0, row.lower)
  writeSide(store.engine.memory, byte, 1, row.upper)
  store.flow.move(at)
  for (const letter of row.letters)
    if (!store.flow.addHistory(letter.charCodeAt(0))) store.histories.add(at, letter.charCodeAt(0))
  calls.setOrigin(row.origin)
  calls.close(at, row.now)
  calls.handOver()
  return lines.text
}
