import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Endpoint, FlowEvent, HandshakeOptions } from '../../src/flow/event.ts'
import type { FlowRecord, FlowSide, Handshake } from '../../src/flow/record.ts'
import { STATES } from '../../src/flow/tcp-state.ts'
import type { Nanos } from '../../src/flow/time.ts'
import type { ProcessRef } from '../../src/process-ref.ts'
import { asciiText } from '../../src/render/ascii-line.ts'
import { JsonLines } from '../../src/render/json.ts'
import { asciiJson, jsonLine } from '../../src/render/json-text.ts'
import { TraceClock } from '../../src/render/time.ts'

/** An arbitrary for each key of T in the order of the JSON; a key that is missing here is a type error. */
type Keys<T> = { [K in keyof Required<T>]: fc.Arbitrary<Required<T>[K]> }

/** Objects with all keys of `always` and some of the others, in the order of `keys`. */
function some<T>(keys: Keys<T>, always: readonly (keyof T)[]): fc.Arbitrary<T> {
  return fc.record(keys, { requiredKeys: [...always] as never }).map((made) => {
    const ordered = Object.keys(keys).filter((key) => key in made)
    return Object.fromEntries(ordered.map((key) => [key, made[key as keyof typeof made]])) as T
  })
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('a"b', 'a\\b', '\ud800', '→', ''),
)
const count = fc.oneof(fc.nat(), fc.maxSafeNat())
const ms = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1e-7, 1e21, 0.1 + 0.2, -0),
)
const nanos = fc.nat().map((n) => (n * 977) as Nanos)
const side = fc.constantFrom('client' as const, 'server' as const)
const state = fc.constantFrom(...STATES)
const address = fc.constantFrom('10.0.0.1', '2001:db8::1', '::ffff:10.0.0.1')
const port = fc.nat({ max: 65535 })
const yes = fc.constant(true as const)
const proto = fc.constantFrom('tcp' as const, 'udp' as const, 'icmp' as const)

const endpoint = some<Endpoint>({ addr: address, port, name: text }, ['addr', 'port'])
const transition = fc.record({ endpoint: side, from: state, to: state })
const options = some<HandshakeOptions>(
  {
    mss: port,
    window_scale: count,
    sack_permitted: yes,
    timestamps: yes,
    fast_open: fc.constantFrom('request', 'cookie'),
    mptcp: fc.constantFrom('capable', 'join'),
    ecn: yes,
  },
  [],
)
const process = some<ProcessRef>(
  {
    pid: count,
    comm: fc.option(text),
    exe: text,
    cmdline: text,
    user: text,
    container: text,
    attribution: fc.constantFrom('tracepoint', 'socket', 'procfs'),
  },
  ['pid', 'comm', 'attribution'],
)
const flowSide = some<FlowSide>(
  {
    addr: address,
    port,
    name: text,
    packets: count,
    bytes: count,
    wire_bytes: count,
    retransmissions: count,
    fast_retransmissions: count,
    spurious_retransmissions: count,
    out_of_order: count,
    lost_segments: count,
    dup_acks: count,
    zero_windows: count,
    window_fulls: count,
    keep_alives: count,
    resets: count,
    rexmt_packets: count,
    rexmt_bytes: count,
    unique_bytes: count,
    rtt_ms: fc.record({ min: ms, avg: ms, max: ms, stddev: ms, samples: count }),
    mss: port,
    window_scale: count,
    max_window: count,
  },
  [
    ...([
      'addr',
      'port',
      'packets',
      'bytes',
      'wire_bytes',
      'retransmissions',
      'resets',
      'max_window',
    ] as const),
    ...(['fast_retransmissions', 'spurious_retransmissions', 'out_of_order', 'lost_segments'] as const),
    ...(['dup_acks', 'zero_windows', 'window_fulls', 'keep_alives', 'rexmt_packets', 'rexmt_bytes'] as const),
    'unique_bytes',
  ],
)
const handshake = some<Handshake>(
  {
    complete: fc.boolean(),
    rtt_ms: fc.option(ms),
    client_rtt_ms: fc.option(ms),
    server_rtt_ms: fc.option(ms),
    syn_count: count,
    syn_ack_count: count,
    client_options: options,
    server_options: options,
  },
  ['complete', 'rtt_ms', 'client_rtt_ms', 'server_rtt_ms', 'syn_count', 'syn_ack_count'],
)
const flow = some<FlowRecord>(
  {
    type: fc.constant('flow'),
    id: count,
    proto,
    community_id: fc.base64String().map((id) => `1:${id}`),
    netns: count,
    client: flowSide,
    server: flowSide,
    start: nanos,
    end: nanos,
    duration_ms: ms,
    history: fc.constantFrom('', 'ShADadfF', '^d'),
    missed_bytes: count,
    midstream: fc.boolean(),
    conn_state: fc.constantFrom('SF', 'S0', 'RSTOS0'),
    outcome: fc.constantFrom('closed', 'superseded', 'refused'),
    wire_state: fc.record({ client: state, server: state }),
    kernel_state: fc.record({ client: fc.constant('CLOSE') }),
    handshake,
    teardown: fc.record({
      kind: fc.constantFrom('four_way' as const, 'none' as const),
      initiator: fc.option(side),
    }),
    process: fc.record({ client: process, server: process }, { requiredKeys: [] }),
    verdict: fc.constant('refused.reset'),
  },
  [
    ...(['type', 'id', 'proto', 'community_id', 'client', 'server', 'start', 'end', 'duration_ms'] as const),
    ...(['history', 'missed_bytes', 'midstream', 'conn_state', 'outcome'] as const),
  ],
)

test('flow records are what JSON.stringify makes of them, in ASCII', () => {
  const clock = new TraceClock(1_700_000_000)
  const lines = new JsonLines(clock)
  fc.assert(
    fc.property(flow, (record) => {
      const times = { start: clock.rfc3339(record.start), end: clock.rfc3339(record.end) }
      const { type, ...rest } = record
      assert.equal(
        asciiText(lines.flow(record)),
        jsonLine({ type, ...clock.stamp(record.end), ...rest, ...times }),
      )
    }),
    { numRuns: 1000 },
  )
})

const common = {
  at: nanos,
  packet: count,
  iface: text,
  flow: count,
  proto,
  sender: side,
  src: endpoint,
  dst: endpoint,
}
const segment = { flags: fc.constantFrom('S', 'FP.', 'none'), seq: count, ack: count, len: count, win: port }
const optional = ['packet', 'iface', 'rtt_ms', 'options', 'transition', 'combined', 'error', 'process']

/** One member of the union by its name. */
type EventOf<Name extends FlowEvent['event']> = FlowEvent extends infer E
  ? E extends { event: infer N }
    ? Name extends N
      ? E
      : never
    : never
  : never

function events<Name extends FlowEvent['event']>(
  name: Name,
  particulars: Omit<Keys<EventOf<Name>>, keyof typeof common | 'type' | 'event' | 'text' | 'process'>,
): fc.Arbitrary<FlowEvent> {
  const sender = process.map(({ pid, comm, attribution }) => ({ pid, comm, attribution }))
  const keys = { event: fc.constant(name), ...common, ...particulars, text, process: sender }
  const always = Object.keys(keys).filter((key) => !optional.includes(key))
  return some(keys as never, always as never) as fc.Arbitrary<FlowEvent>
}

const handshakeOf = fc.constant(3 as const)
const closeOf = fc.constant(4 as const)
const event = fc.oneof(
  events('handshake', {
    ...segment,
    of: handshakeOf,
    step: fc.constantFrom(1, 2, 3),
    rtt_ms: ms,
    options,
    transition,
  }),
  events('close', { ...segment, of: closeOf, step: fc.constantFrom(1, 2, 3, 4), combined: yes, transition }),
  events('reset', { ...segment, ttl: count, transition }),
  events('dup_ack', { ...segment, n: count }),
  events('retransmission', segment),
  events('state', { endpoint: side, from: state, to: state }),
  events('icmp_error', {
    icmp_type: count,
    icmp_code: count,
    icmp_name: text,
    from: address,
    error: fc.constant('ECONNREFUSED'),
  }),
  events('drop', { flags: fc.constant('S'), reason: text, location: fc.option(text) }),
  events('mismatch', {
    wire_state: fc.record({ client: state, server: state }),
    kernel_state: fc.record({ client: fc.constant('CLOSE') }),
  }),
)

test('events are what JSON.stringify makes of them, in ASCII', () => {
  const clock = new TraceClock(1_700_000_000)
  const lines = new JsonLines(clock)
  fc.assert(
    fc.property(event, (made) => {
      const { event: name, at, ...rest } = made
      const moment = { time: clock.rfc3339(at), ts: clock.epoch(at) }
      const whole = Object.assign({ type: 'event', event: name, ...moment }, rest)
      assert.equal(asciiText(lines.event(made)), jsonLine(whole))
    }),
    { numRuns: 2000 },
  )
})

test('a JSON line is ASCII without control characters, and parsed it is the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const line = jsonLine({ value })
      assert.match(line, /^[ -~]*\n$/)
      assert.deepEqual(JSON.parse(line), { value })
    }),
    { numRuns: 1000 },
  )
  assert.equal(asciiJson('\u007f\u009b\u202e\u200b🙂'), '"\\u007f\\u009b\\u202e\\u200b\\ud83d\\ude42"')
})
