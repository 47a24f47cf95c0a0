import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FlowEvent } from '../../src/flow/event.ts'
import { EVENT_NAMES } from '../../src/flow/event-numbers.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { asciiText } from '../../src/render/ascii-line.ts'
import { JsonLines } from '../../src/render/json.ts'
import { asciiJson } from '../../src/render/json-text.ts'
import { TraceClock } from '../../src/render/time.ts'
import type { PacketStack } from '../../src/wire/stack.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter, type SegmentFields } from '../support/packet-writer.ts'
import { readScenario, packetsOf as scenarioPackets } from '../support/scenario.ts'

const SCENARIOS = join(import.meta.dirname, '../scenarios')
const CAST = {
  C: { addr: '10.0.0.1', port: 40_000 },
  S: { addr: '10.0.0.2', port: 80 },
  R: { addr: '10.0.0.254', port: 0 },
}
const NEVER = Number.POSITIVE_INFINITY
const ORIGIN = 1_700_000_000

interface Sent {
  readonly back: boolean
  readonly time: number
  readonly iface: number
  readonly fields: SegmentFields
  /** The client's. */
  readonly port?: number
}

interface Packet {
  readonly stack: PacketStack
  readonly at: Nanos
  readonly iface: number
}

interface Played {
  readonly text: string
  /** Those that were told as objects. */
  readonly events: readonly FlowEvent[]
}

/** No name, one that has to be escaped, and one that is too long for a line of the engine's. */
const NAMES = [undefined, 'eth0 "öst" \\', 'x'.repeat(2000)]

/** The packets of segments; each is borrowed until the next. */
function* packetsOf(sent: readonly Sent[], family: 4 | 6): Generator<Packet> {
  const server = { addr: family === 4 ? '10.0.0.20' : 'fd00:1::2', port: 443 }
  const writer = new PacketWriter()
  for (const { back, time, iface, fields, port = 40_000 } of sent) {
    const client = { addr: family === 4 ? '10.0.0.1' : 'fd00::1', port }
    const stack = back ? writer.tcp(server, client, fields) : writer.tcp(client, server, fields)
    yield { stack, at: time as Nanos, iface }
  }
}

/** The lines of these packets' events; from the `from`th packet on the engine writes them. */
function play(packets: Iterable<Packet>, from: number, framed = true): Played {
  const render = new JsonLines(new TraceClock(ORIGIN))
  const events: FlowEvent[] = []
  let text = ''
  const tracker: FlowTracker = new FlowTracker(
    { ...FILE_OPTIONS, framed, names: (iface) => NAMES[iface], quote: asciiJson },
    {
      event: (event) => {
        tracker.handOver()
        events.push(event)
        text += asciiText(render.event(event))
      },
      lines: {
        verdict: () => undefined,
        write: (bytes) => {
          text += asciiText(bytes)
        },
      },
    },
  )
  tracker.setOrigin(ORIGIN)
  let index = 0
  for (const { stack, at, iface } of packets) {
    tracker.takeLines({ events: index >= from, flows: false, verdicts: true })
    tracker.packet(stack, at, iface, ++index)
  }
  tracker.handOver()
  return { text, events }
}

const step = fc.record({
  back: fc.boolean(),
  kind: fc.constantFrom('syn', 'ack', 'data', 'data', 'fin', 'rst', 'any'),
  /** Where its number lies, from what is due. */
  away: fc.constantFrom(0, 0, 0, 0, 0, -1, -100, 100),
  ackAway: fc.constantFrom(0, 0, 0, 0, -50, 300),
  after: fc.oneof(fc.constantFrom(0, 1e3, 200e6, 1e9, 4e9, -5e6), fc.integer({ min: 1, max: 3e9 })),
  win: fc.constantFrom(0, 1, 500, 500, 65_535),
  flags: fc.nat({ max: 511 }),
  iface: fc.constantFrom(0, 0, 0, 1, 2),
  options: fc.constantFrom(
    {},
    { mss: 1460, windowScale: 7, sackPermitted: true, timestamps: [1, 0] as const },
  ),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Segments whose numbers follow from each other, but for what `away` says. */
function segmentsOf(steps: readonly Step[]): Sent[] {
  const next = [2 ** 32 - 300, 7000]
  let time = 0
  return steps.map(({ back, kind, away, ackAway, after, win, flags, iface, options }) => {
    const own = back ? 1 : 0
    const peer = next[1 - own]!
    const answers = kind !== 'syn' || peer !== (own === 1 ? 2 ** 32 - 300 : 7000)
    const bits = {
      syn: answers ? SYN | ACK : SYN,
      ack: ACK,
      data: ACK | PSH,
      fin: FIN | ACK,
      rst: answers ? RST | ACK : RST,
      any: flags,
    }[kind]
    const len = kind === 'data' ? 100 : 0
    const seq = (next[own]! + away) >>> 0
    if (away === 0 || away === 100) next[own] = (seq + len + (bits & (SYN | FIN) ? 1 : 0)) >>> 0
    time += after
    const ack = bits & ACK ? (peer + ackAway) >>> 0 : 0
    return { back, time, iface, fields: { seq, ack, flags: bits, win, len, options } }
  })
}

const handshake: readonly Step[] = (['syn', 'syn', 'ack'] as const).map((kind, index) => ({
  ...{
    back: index === 1,
    kind,
    away: 0,
    ackAway: 0,
    after: 40_500,
    win: 500,
    flags: 0,
    iface: 0,
    options: {},
  },
}))

test('the line that the engine writes of an event is that of the object, for any conversation', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(step, { maxLength: 40 }),
      fc.nat({ max: 43 }),
      fc.constantFrom(4 as const, 6 as const),
      fc.boolean(),
      (opened, steps, from, family, framed) => {
        const sent = segmentsOf(opened ? [...handshake, ...steps] : steps)
        const { text } = play(packetsOf(sent, family), NEVER, framed)
        assert.equal(play(packetsOf(sent, family), 0, framed).text, text)
        assert.equal(play(packetsOf(sent, family), from, framed).text, text)
      },
    ),
    { numRuns: 250 },
  )
})

test('and in every scenario; they have all events of segments', () => {
  const names = new Set<string>()
  for (const file of readdirSync(SCENARIOS)) {
    const { segments } = readScenario(join(SCENARIOS, file))
    const packets = function* (): Generator<Packet> {
      for (const { at, stack } of scenarioPackets(segments, CAST, new PacketWriter()))
        yield { stack, at, iface: 0 }
    }
    const { text, events } = play(packets(), NEVER)
    for (const { event } of events) names.add(event)
    assert.equal(play(packets(), 0).text, text, file)
  }
  names.delete('icmp_error')
  assert.deepEqual([...names].sort(), [...EVENT_NAMES].sort())
})

/** A connection that the client has closed; the server's FIN follows. */
const HALF_CLOSED: readonly (readonly [back: boolean, fields: SegmentFields])[] = [
  [false, { seq: 7, flags: SYN }],
  [true, { seq: 3, ack: 8, flags: SYN | ACK }],
  [false, { seq: 8, ack: 4, flags: ACK }],
  [false, { seq: 8, ack: 4, flags: FIN | ACK }],
  [true, { seq: 4, ack: 9, flags: ACK }],
]
const SECOND_FIN: SegmentFields = { seq: 4, ack: 9, flags: FIN | ACK }
const nanos = fc.oneof(
  fc.nat({ max: 4e9 }),
  // Halves: which way they go depends on the double.
  fc.nat({ max: 4e6 }).map((n) => n * 500),
  fc.nat({ max: 4e6 }).map((n) => n * 500_000),
  fc.nat({ max: 4e6 }).map((n) => n * 50_000_000),
  fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  fc.integer({ min: -4e9, max: -1 }),
  fc.constantFrom(0, 499, 500, 62_500, 999_999_499, 999_999_500, 1e9 - 1, 1e9, 2.5e19),
)

/** For each time a connection, whose last segment comes then and the others at 0: the sentences of those. */
function sentences(segments: typeof HALF_CLOSED, times: readonly number[]): string[] {
  const sent = times.flatMap((last, connection) =>
    segments.map(([back, fields], index) => {
      const time = index === segments.length - 1 ? last : 0
      return { back, time, iface: 0, fields, port: 40_000 + connection }
    }),
  )
  const { text, events } = play(packetsOf(sent, 4), NEVER)
  assert.equal(play(packetsOf(sent, 4), 0).text, text)
  return events.filter(({ packet }) => packet! % segments.length === 0).map((event) => event.text)
}

test('times in sentences are rounded as JavaScript rounds them', () => {
  fc.assert(
    fc.property(fc.array(nanos, { maxLength: 100 }), (times) => {
      const closes = times.map((time) => {
        const text = time < 1e9 ? `${(time / 1e6).toFixed(3)} ms` : `${(time / 1e9).toFixed(3)} s`
        return `server calls close() ${text} later, FIN sent`
      })
      assert.deepEqual(sentences([...HALF_CLOSED, [true, SECOND_FIN]], times), closes)
    }),
    { numRuns: 100 },
  )
  // Later the attempt is over.
  const times = Array.from({ length: 2600 }, (_, n) => n * 5e7)
  const agains = sentences([HALF_CLOSED[0]!, HALF_CLOSED[0]!], times)
  times.forEach((time, index) => {
    assert.equal(agains[index]!.split(';')[0], `SYN again, no. 1, +${(time / 1e9).toFixed(1)} s`)
  })
})
