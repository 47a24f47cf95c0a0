import { endpoint, protocolName } from './annotation.ts'
import { communityId } from './community-id.ts'
import { handshakeOptions, handshakeTimes } from './handshake.ts'
import type { Histories } from './history.ts'
import { KEY_META, KEY_PORTS, KEY_WORDS } from './key.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM, OPTION_MSS } from './marks.ts'
import { datagramOutcome, tcpOutcome, teardown } from './outcome.ts'
import type { ConnState, FlowRecord, FlowSide, Handshake, Rtt } from './record.ts'
import type { SynLadder } from './syn-ladder.ts'
import type { FlowTable } from './table.ts'
import { STATES } from './tcp-state.ts'
import { NANOS_PER_MS, type Nanos } from './time.ts'
import * as word from './trouble.ts'
import { connState, streamLength } from './zeek.ts'

export interface RecordScope {
  readonly table: FlowTable
  readonly trouble: word.TroublePool
  readonly histories: Histories
  readonly ladder: SynLadder
}

/** A plain copy of the flow in `row` as it stands at `now` (the capture's clock). */
export function makeRecord(scope: RecordScope, row: number, now: Nanos): FlowRecord {
  const { table } = scope
  const { columns, sides } = table
  const client = row * 2 + columns.client[row]!
  const server = client ^ 1
  const start = columns.start[row]! as Nanos
  const end = Math.max(sides.lastTime[client]!, sides.lastTime[server]!, start) as Nanos
  const history = scope.histories.text(table, row)
  const proto = protocolName(table, row)
  const common = {
    type: 'flow' as const,
    start,
    end,
    id: columns.serial[row]!,
    proto,
    community_id: flowCommunityId(table, row),
    client: sideRecord(scope, client),
    server: sideRecord(scope, server),
    duration_ms: (end - start) / NANOS_PER_MS,
    history,
    missed_bytes: missedBytes(scope, client) + missedBytes(scope, server),
    midstream: (columns.marks[row]! & FLOW_MIDSTREAM) !== 0,
  }
  if (proto !== 'tcp')
    return {
      ...common,
      conn_state: datagramState(table, client, proto),
      outcome: datagramOutcome(table, row),
    }
  return {
    ...common,
    conn_state: connState(sides, client, server, history),
    outcome: tcpOutcome(table, row, scope.ladder, now),
    wire_state: { client: STATES[sides.expected[client]!]!, server: STATES[sides.expected[server]!]! },
    handshake: handshakeRecord(table, row),
    teardown: teardown(table, row),
  }
}

function sideRecord(scope: RecordScope, side: number): FlowSide {
  const { table, trouble } = scope
  const { sides } = table
  const counter = (index: number): number => trouble.get(sides.trouble[side]!, index)
  const large = (index: number): number => trouble.large(sides.trouble[side]!, index)
  const tcp = protocolName(table, side >> 1) === 'tcp'
  const rtt = rttRecord(table, side)
  const scale = sides.scaleOffer[side]!
  return {
    ...endpoint(table, side >> 1, side & 1),
    packets: sides.packets[side]!,
    bytes: tcp ? streamLength(sides, side) : sides.wireBytes[side]!,
    wire_bytes: sides.wireBytes[side]!,
    retransmissions: counter(word.RETRANSMISSIONS),
    fast_retransmissions: counter(word.FAST_RETRANSMISSIONS),
    spurious_retransmissions: counter(word.SPURIOUS_RETRANSMISSIONS),
    out_of_order: counter(word.OUT_OF_ORDER),
    lost_segments: counter(word.LOST_SEGMENTS),
    dup_acks: counter(word.DUP_ACKS),
    zero_windows: counter(word.ZERO_WINDOWS),
    window_fulls: counter(word.WINDOW_FULLS),
    keep_alives: counter(word.KEEP_ALIVES),
    resets: counter(word.RESETS),
    rexmt_packets: counter(word.REXMT_PACKETS),
    rexmt_bytes: large(word.REXMT_BYTES),
    unique_bytes: sides.wireBytes[side]! - large(word.REXMT_PAYLOAD),
    ...(rtt === undefined ? {} : { rtt_ms: rtt }),
    ...(sides.options[side]! & OPTION_MSS ? { mss: sides.mss[side]! } : {}),
    ...(scale > 0 ? { window_scale: scale - 1 } : {}),
    max_window: sides.maxWindow[side]!,
  }
}

function rttRecord(table: FlowTable, side: number): Rtt | undefined {
  const { sides } = table
  const samples = sides.rttSamples[side]!
  if (samples === 0) return undefined
  return {
    min: sides.rttMin[side]! / NANOS_PER_MS,
    avg: sides.rttMean[side]! / NANOS_PER_MS,
    max: sides.rttMax[side]! / NANOS_PER_MS,
    stddev: Math.sqrt(sides.rttSquares[side]! / Math.max(1, samples - 1)) / NANOS_PER_MS,
    samples,
  }
}

function handshakeRecord(table: FlowTable, row: number): Handshake {
  const { columns, sides } = table
  const client = row * 2 + columns.client[row]!
  const server = client ^ 1
  const times = handshakeTimes(table, row)
  const clientOptions = handshakeOptions(table, client)
  const serverOptions = handshakeOptions(table, server)
  const ms = (nanos: number | null) => (nanos === null ? null : nanos / NANOS_PER_MS)
  return {
    complete: (columns.marks[row]! & FLOW_ESTABLISHED) !== 0,
    rtt_ms: ms(times.total),
    client_rtt_ms: ms(times.client),
    server_rtt_ms: ms(times.server),
    syn_count: sides.synCount[client]! + sides.synCount[server]!,
    syn_ack_count: sides.synAckCount[client]! + sides.synAckCount[server]!,
    ...(clientOptions === undefined ? {} : { client_options: clientOptions }),
    ...(serverOptions === undefined ? {} : { server_options: serverOptions }),
  }
}

function missedBytes(scope: RecordScope, side: number): number {
  return scope.trouble.large(scope.table.sides.trouble[side]!, word.MISSED)
}

/** Zeek's conn_state of UDP; it gives ICMP flows none of the connection states. */
function datagramState(table: FlowTable, client: number, proto: 'udp' | 'icmp'): ConnState {
  if (proto === 'icmp') return 'OTH'
  const { packets } = table.sides
  if (packets[client]! > 0) return packets[client ^ 1]! > 0 ? 'SF' : 'S0'
  return 'SHR'
}

function flowCommunityId(table: FlowTable, row: number): string {
  const at = row * KEY_WORDS
  const { key } = table.columns
  const meta = key[at + KEY_META]!
  const ports = key[at + KEY_PORTS]!
  const lower = key.subarray(at, at + 4)
  const upper = key.subarray(at + 4, at + 8)
  return communityId((meta >>> 8) & 0xff, meta & 0xff, lower, upper, ports >>> 16, ports & 0xffff)
}
