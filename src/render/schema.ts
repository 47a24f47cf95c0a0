import type { Side } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import type { CountersRecord } from '../sockets/counters.ts'
import { GROUPINGS, type GroupRecord } from '../sockets/group.ts'
import type {
  Congestion,
  Exposure,
  Family,
  Netid,
  SocketEndpoint,
  SocketMemory,
  SocketProcess,
  SocketRecord,
  SocketState,
} from '../sockets/socket.ts'
import type { Trouble } from '../sockets/trouble.ts'
import type { DeviceObject } from './devices.ts'
import type { Check } from './doctor.ts'
import {
  constant,
  count,
  flag,
  listOf,
  number,
  objectOf,
  orNull,
  refTo,
  type Schema,
  text,
  time,
  wordOf,
} from './json-schema.ts'
import { attemptDefinitions } from './schema-attempt.ts'
import { eventDefinitions } from './schema-event.ts'
import { flowDefinitions } from './schema-flow.ts'
import { statisticsDefinitions } from './schema-statistics.ts'
import { stream } from './schema-stream.ts'
import { verdictDefinitions } from './schema-verdict.ts'
import type { Stamp } from './time.ts'

const socketState = wordOf<SocketState>({
  ESTABLISHED: true,
  SYN_SENT: true,
  SYN_RECV: true,
  FIN_WAIT1: true,
  FIN_WAIT2: true,
  TIME_WAIT: true,
  CLOSE: true,
  CLOSE_WAIT: true,
  LAST_ACK: true,
  LISTEN: true,
  CLOSING: true,
  NEW_SYN_RECV: true,
  BOUND_INACTIVE: true,
  UNCONN: true,
})

const netid = wordOf<Netid>({
  tcp: true,
  udp: true,
  udplite: true,
  raw: true,
  unix: true,
  packet: true,
  sctp: true,
  mptcp: true,
  vsock: true,
  netlink: true,
  icmp: true,
})

const socketProcess = objectOf<SocketProcess>(
  { pid: count, comm: text, fd: count },
  {
    tid: count,
    ppid: count,
    exe: text,
    cmdline: text,
    user: text,
    container: text,
    container_name: text,
    pod: text,
    unit: text,
    cwd: text,
    parents: listOf(
      objectOf<{ readonly pid: number; readonly comm: string }>({ pid: count, comm: text }, {}),
    ),
  },
)

const socket = objectOf<SocketRecord & { readonly trouble?: Trouble } & Stamp>(
  {
    type: constant('socket'),
    time,
    ts: number,
    netid,
    family: wordOf<Family>({
      inet: true,
      inet6: true,
      unix: true,
      packet: true,
      vsock: true,
      netlink: true,
    }),
    state: socketState,
    recv_q: count,
    send_q: count,
    local: refTo('socket_endpoint'),
    remote: refTo('socket_endpoint'),
    uid: orNull(count),
    inode: count,
    cookie: orNull(text),
    netns: orNull(count),
    processes: listOf(refTo('socket_process')),
  },
  {
    socket_type: wordOf<NonNullable<SocketRecord['socket_type']>>({
      stream: true,
      dgram: true,
      seqpacket: true,
      raw: true,
    }),
    iface: text,
    user: text,
    mark: count,
    v6only: flag,
    cgroup: text,
    listen: objectOf<NonNullable<SocketRecord['listen']>>(
      { accept_queue: count, backlog: count },
      {
        syn_queue: count,
        exposure: wordOf<Exposure>({ loopback: true, address: true, everywhere: true }),
      },
    ),
    // Every member that the running kernel has: the list is the kernel's.
    tcp: { type: 'object', additionalProperties: number },
    congestion: objectOf<Congestion>(
      { name: text },
      {
        bbr: objectOf<NonNullable<Congestion['bbr']>>(
          { bw: number, min_rtt: count, pacing_gain: count, cwnd_gain: count },
          {},
        ),
        dctcp: objectOf<NonNullable<Congestion['dctcp']>>(
          { enabled: count, ce_state: count, alpha: count, ab_ecn: count, ab_tot: count },
          {},
        ),
        vegas: objectOf<NonNullable<Congestion['vegas']>>(
          { enabled: count, rttcnt: count, rtt: count, minrtt: count },
          {},
        ),
      },
    ),
    mem: objectOf<SocketMemory>(
      {
        rmem_alloc: count,
        rcvbuf: count,
        wmem_alloc: count,
        sndbuf: count,
        fwd_alloc: count,
        wmem_queued: count,
        optmem: count,
        backlog: count,
        drops: count,
      },
      {},
    ),
    owners_unknown: text,
    listener: text,
    trouble: objectOf<Trouble>({ verdict: refTo('verdict_name'), text }, {}),
    change: wordOf<NonNullable<SocketRecord['change']>>({ opened: true, closed: true, changed: true }),
    timer: objectOf<NonNullable<SocketRecord['timer']>>(
      { name: text, expires_ms: number, retrans: count },
      {},
    ),
  },
)

/** Printed by `--packets`; what it has depends on what the packet is, so its members are not held to a type. */
const packet: Schema = {
  type: 'object',
  properties: {
    type: constant('packet'),
    time,
    ts: number,
    packet: count,
    iface: text,
    flow: count,
    length: count,
    proto: orNull(text),
    damaged: text,
    src: refTo('endpoint'),
    dst: refTo('endpoint'),
    flags: text,
    seq: count,
    ack: count,
    win: count,
    len: count,
    icmp_type: count,
    icmp_code: count,
    bytes_in_flight: count,
    ack_rtt_ms: number,
    rto_ms: number,
    process: refTo('sender'),
    comments: listOf(text),
    events: listOf(refTo('event_name')),
  },
  required: ['type', 'time', 'ts', 'packet', 'length', 'proto'],
  additionalProperties: false,
}

const summary: Schema = {
  type: 'object',
  properties: {
    type: constant('summary'),
    engine: { enum: ['ring', 'cap', 'file', 'none'] },
    packets: count,
    bytes: count,
    flows: count,
    skipped: count,
    dropped_kernel: count,
    dropped_interface: count,
    truncated: constant(true),
    first: orNull(time),
    last: orNull(time),
  },
  required: ['type', 'engine', 'packets', 'bytes', 'flows', 'skipped', 'first', 'last'],
  additionalProperties: false,
}

const counters = objectOf<CountersRecord & Stamp>(
  {
    type: constant('counters'),
    time,
    ts: number,
    netns: orNull(count),
    states: { type: 'object', additionalProperties: count },
    sockets: { type: 'object', additionalProperties: count },
    limits: objectOf<CountersRecord['limits']>(
      { time_wait_max: orNull(count), ephemeral_ports: count },
      {
        conntrack: count,
        conntrack_max: count,
        busiest_destination: objectOf<NonNullable<CountersRecord['limits']['busiest_destination']>>(
          { addr: text, port: count, ports_used: count },
          {},
        ),
      },
    ),
    // By the kernel's names.
    counters: { type: 'object', additionalProperties: count },
  },
  { interval_s: number, rates: { type: 'object', additionalProperties: number } },
)

const group = objectOf<GroupRecord & Stamp>(
  {
    type: constant('group'),
    time,
    ts: number,
    by: { enum: GROUPINGS },
    key: orNull(text),
    sockets: count,
    recv_q: count,
    send_q: count,
    states: { type: 'object', additionalProperties: count },
  },
  {},
)

const frame: Schema = {
  type: 'object',
  properties: {
    type: constant('frame'),
    time,
    ts: number,
    frame: count,
    sockets: count,
    opened: count,
    closed: count,
    changed: count,
  },
  required: ['type', 'time', 'ts', 'frame', 'sockets', 'opened', 'closed', 'changed'],
  additionalProperties: false,
}

const error: Schema = {
  type: 'object',
  properties: {
    type: constant('error'),
    code: { enum: ['finding', 'usage', 'privilege', 'input', 'internal'] },
    message: text,
    hint: text,
  },
  required: ['type', 'code', 'message'],
  additionalProperties: false,
}

const device = objectOf<DeviceObject>(
  {
    type: constant('device'),
    name: text,
    index: count,
    up: flag,
    running: flag,
    loopback: flag,
    mtu: count,
    link_type: count,
    addresses: listOf(text),
  },
  { wireless: constant(true), mac: text },
)

const check = objectOf<Check>(
  {
    type: constant('check'),
    name: text,
    status: wordOf<Check['status']>({ ok: true, degraded: true, missing: true }),
    detail: text,
  },
  {
    plane: wordOf<NonNullable<Check['plane']>>({ wire: true, socket: true, process: true, kernel: true }),
    mend: text,
  },
)

/** Every type of object that `--json` prints, each a definition of the same name. */
export const OBJECT_TYPES = [
  'socket',
  'event',
  'flow',
  'verdict',
  'packet',
  'stream',
  'summary',
  'error',
  'device',
  'check',
  'counters',
  'group',
  'frame',
  'statistics',
  'attempt',
  'series',
] as const

/** The JSON Schema (draft 2020-12) of one line of any command's `--json`. */
export const outputSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'One line of the output of socktrace --json',
  description:
    'Which definition a line follows is told by its `type`, for events also by `event`. ' +
    'A key that does not apply is absent, what is not known is null. Keys that end in _ms are milliseconds.',
  type: 'object',
  required: ['type'],
  oneOf: OBJECT_TYPES.map(refTo),
  $defs: {
    side: wordOf<Side>({ client: true, server: true }),
    proto: wordOf<FlowRecord['proto']>({ tcp: true, udp: true, icmp: true }),
    endpoint: objectOf<{ addr: string; port: number; name?: string }>(
      { addr: text, port: count },
      { name: text },
    ),
    socket_endpoint: objectOf<SocketEndpoint>(
      {},
      { addr: text, port: count, path: text, inode: count, name: text },
    ),
    socket_process: socketProcess,
    socket,
    ...eventDefinitions,
    ...flowDefinitions,
    ...verdictDefinitions,
    ...statisticsDefinitions,
    ...attemptDefinitions,
    packet,
    stream,
    summary,
    error,
    device,
    check,
    counters,
    group,
    frame,
  },
}
