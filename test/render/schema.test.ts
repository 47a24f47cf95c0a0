import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { OBJECT_TYPES, outputSchema } from '../../src/render/schema.ts'

const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true })
const validate = ajv.compile(outputSchema)

const time = '2026-01-02T03:04:05.000000006Z'
const segment = {
  type: 'event',
  time,
  ts: 1767323045.000001,
  flow: 0,
  proto: 'tcp',
  src: { addr: '10.0.0.1', port: 40000 },
  dst: { addr: '::1', port: 80 },
  sender: 'client',
  text: 'connect() sends SYN',
  flags: 'S',
  seq: 4294967295,
  ack: 0,
  len: 0,
  win: 65535,
}
const { flags: _, seq: __, ack: ___, len: ____, win: _____, ...bare } = segment
const side = {
  addr: '10.0.0.1',
  port: 40000,
  packets: 3,
  bytes: 5,
  wire_bytes: 5,
  retransmissions: 0,
  fast_retransmissions: 0,
  spurious_retransmissions: 0,
  out_of_order: 0,
  lost_segments: 0,
  dup_acks: 0,
  zero_windows: 0,
  window_fulls: 0,
  rexmt_packets: 0,
  rexmt_bytes: 0,
  unique_bytes: 0,
  keep_alives: 0,
  resets: 0,
  max_window: 65535,
}
const flow = {
  type: 'flow',
  time,
  ts: 1,
  start: time,
  end: time,
  id: 0,
  proto: 'tcp',
  community_id: '1:abc=',
  client: side,
  server: { ...side, rtt_ms: { min: 0.1, avg: 0.2, max: 0.3, stddev: 0, samples: 2 }, mss: 1460 },
  duration_ms: 1.5,
  conn_state: 'SF',
  history: 'ShADadFf',
  outcome: 'closed',
  missed_bytes: 0,
  midstream: false,
}
const socket = {
  type: 'socket',
  time,
  ts: 1,
  netid: 'tcp',
  family: 'inet6',
  state: 'LISTEN',
  recv_q: 0,
  send_q: 128,
  local: { addr: '::', port: 22 },
  remote: { addr: '::', port: 0 },
  uid: null,
  inode: 5,
  cookie: null,
  netns: 4026531840,
  processes: [{ pid: 1, comm: 'sshd', fd: 3 }],
}
const summary = {
  type: 'summary',
  engine: 'file',
  packets: 0,
  bytes: 0,
  flows: 0,
  skipped: 0,
  first: null,
  last: null,
}
const device = {
  type: 'device',
  name: 'lo',
  index: 1,
  up: true,
  running: true,
  loopback: true,
  mtu: 65536,
  link_type: 1,
  addresses: ['127.0.0.1'],
}
const stream = {
  type: 'stream',
  time,
  ts: 1767323045.000001,
  flow: 3,
  side: 'server',
  src: { addr: '10.0.0.2', port: 80 },
  dst: { addr: '10.0.0.1', port: 40000 },
  offset: 5_000_000_000,
  length: 5,
}
const transition = { endpoint: 'client', from: 'CLOSED', to: 'SYN_SENT' }

const VALID: Readonly<Record<string, object>> = {
  handshake: {
    ...segment,
    event: 'handshake',
    step: 1,
    of: 3,
    options: { mss: 1460, ecn: true },
    transition,
  },
  close: { ...segment, event: 'close', step: 3, of: 4, combined: true },
  reset: { ...segment, event: 'reset', ttl: 64, process: { pid: 1, comm: null, attribution: 'tracepoint' } },
  state: { ...bare, event: 'state', ...transition },
  retransmission: { ...segment, event: 'retransmission', iface: 'eth0', packet: 7 },
  'dup ack': { ...segment, event: 'dup_ack', n: 1 },
  'icmp error': {
    ...bare,
    event: 'icmp_error',
    icmp_type: 3,
    icmp_code: 3,
    icmp_name: 'port unreachable',
    from: '10.0.0.2',
    error: 'ECONNREFUSED',
  },
  drop: { ...bare, event: 'drop', reason: 'NETFILTER_DROP', location: null },
  mismatch: {
    ...bare,
    event: 'mismatch',
    wire_state: { client: 'ESTABLISHED', server: 'CLOSED' },
    kernel_state: { server: 'ESTABLISHED' },
  },
  flow,
  'flow with processes': {
    ...flow,
    process: { client: { pid: 1, comm: 'curl', attribution: 'tracepoint', user: 'root' } },
    wire_state: { client: 'TIME_WAIT', server: 'CLOSED' },
    teardown: { kind: 'four_way', initiator: null },
  },
  socket,
  'unix socket': {
    ...socket,
    netid: 'unix',
    family: 'unix',
    socket_type: 'stream',
    local: { path: '/x' },
    remote: {},
  },
  'socket with details': {
    ...socket,
    tcp: { tcpi_rtt: 12 },
    congestion: { name: 'bbr', bbr: { bw: 1, min_rtt: 2, pacing_gain: 3, cwnd_gain: 4 } },
    cgroup: '/a',
  },
  counters: {
    type: 'counters',
    time,
    ts: 1,
    netns: null,
    states: { LISTEN: 1 },
    sockets: { tcp: 1 },
    limits: { time_wait_max: null, ephemeral_ports: 5 },
    counters: { OutRsts: 1 },
  },
  summary,
  device,
  check: { type: 'check', name: 'cap', plane: 'wire', status: 'missing', detail: 'no', mend: 'yes' },
  error: { type: 'error', code: 'usage', message: 'no' },
  'stream: bytes': { ...stream, data: 'aGVsbG8=' },
  'stream: a gap': { ...stream, gap: 'acked' },
  'stream: bytes before the first packet': { ...stream, offset: -10, late: true },
  'stream: a file': {
    ...stream,
    file: { name: 'x.bin', gaps: [{ offset: 5, length: 1, reason: 'truncated' }] },
  },
  'stream: nothing of it captured': { ...stream, length: 0, file: { name: null, gaps: [] } },
  'packet with events': {
    ...{ type: 'packet', time, ts: 1.5, packet: 1, flow: 0, length: 60, proto: 'tcp', flags: 'S', seq: 1 },
    process: { pid: 1, comm: null, attribution: 'socket' },
    events: ['retransmission', 'dup_ack'],
  },
  packet: { type: 'packet', time, ts: 1.5, packet: 1, length: 60, proto: null, damaged: 'truncated' },
}

for (const [name, object] of Object.entries(VALID))
  test(`${name} is valid`, () => {
    assert.equal(validate(object), true, JSON.stringify(validate.errors, null, 1))
  })

const INVALID: Readonly<Record<string, object>> = {
  'a key that no type has': { ...device, color: 'red' },
  'a key of the program that is spelled otherwise outside': { ...device, linkType: 1 },
  'a type that does not exist': { ...device, type: 'gadget' },
  'an event that does not exist': { ...segment, event: 'hiccup' },
  'an event with the members of another': { ...segment, event: 'reset', ttl: 64, step: 1 },
  'a handshake of four steps': { ...segment, event: 'handshake', step: 4, of: 3 },
  'a segment without its flags': { ...bare, event: 'reset', ttl: 64 },
  'a state that does not exist': { ...socket, state: 'ESTAB' },
  'a pid without its attribution': { ...segment, event: 'reset', ttl: 64, process: { pid: 1, comm: 'curl' } },
  'a port as text': { ...socket, local: { addr: '::', port: '22' } },
  'a time without its zone': { ...summary, first: '2026-01-02T03:04:05' },
  'a time of the program': { ...flow, start: 5 },
  'a stream of which nothing is said': stream,
  'a stream of which two things are said': { ...stream, gap: 'acked', data: 'aGVsbG8=' },
  'a gap for a reason that does not exist': { ...stream, gap: 'lost' },
  'a file without its gaps': { ...stream, file: { name: 'x.bin' } },
}

for (const [name, object] of Object.entries(INVALID))
  test(`${name} is not valid`, () => {
    assert.equal(validate(object), false)
  })

test('every event of the program has exactly one schema', () => {
  const source = readFileSync(new URL('../../src/flow/event.ts', import.meta.url), 'utf8')
  const members = source.matchAll(/readonly event:((?:\s*\|?\s*'\w+')+)/g)
  const names = [...members].flatMap(([, union]) => [...union!.matchAll(/'(\w+)'/g)].map(([, name]) => name!))
  assert.ok(names.length >= 20)
  const { event } = outputSchema['$defs'] as { event: { oneOf: { properties: { event: object } }[] } }
  const described = event.oneOf.flatMap(({ properties }) => {
    const kind = properties.event as { const?: string; enum?: string[] }
    return kind.enum ?? [kind.const!]
  })
  assert.deepEqual(described.sort(), names.sort())
})

test('every definition is closed: an unknown key never passes', () => {
  const open: string[] = []
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    if ('properties' in schema && !('additionalProperties' in schema)) open.push(path)
    for (const [key, part] of Object.entries(schema)) walk(part, `${path}/${key}`)
  }
  walk(outputSchema['$defs'], '$defs')
  assert.deepEqual(open, [])
})

test('every type of object is a definition of its own name', () => {
  const definitions = outputSchema['$defs'] as Record<string, { properties?: { type: { const: string } } }>
  for (const type of OBJECT_TYPES)
    if (type !== 'event') assert.equal(definitions[type]?.properties?.type.const, type)
})

test('keys are snake_case', () => {
  const keys: string[] = []
  JSON.stringify(outputSchema['$defs'], (key, value) => {
    if (key === 'properties') keys.push(...Object.keys(value as object))
    return value
  })
  assert.ok(keys.length > 100)
  assert.deepEqual(
    keys.filter((key) => !/^[a-z0-9]+(_[a-z0-9]+)*$/.test(key)),
    [],
  )
})
