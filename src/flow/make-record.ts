import { endpoint, protocolName } from './annotation.ts'
import { communityId } from './community-id.ts'
import { connState, streamLength } from './conn-state.ts'
import type { FlowView } from './flow-view.ts'
import { handshakeOptions, handshakeTimes } from './handshake.ts'
import type { Histories } from './history.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM, OPTION_MSS } from './marks.ts'
import type { Mutable } from './mutable.ts'
import { datagramOutcome, tcpOutcome, teardown } from './outcome.ts'
import type { ConnState, FlowRecord, FlowSide, Handshake, Rtt } from './record.ts'
import type { SideView } from './side-view.ts'
import type { SynLadder } from './syn-ladder.ts'
import { STATES } from './tcp-state.ts'
import { NANOS_PER_MS, type Nanos } from './time.ts'
import type { TroubleView } from './trouble.ts'
import * as word from './trouble-words.ts'

export interface RecordScope {
  readonly trouble: TroubleView
  readonly histories: Histories
  readonly ladder: SynLadder
}

/** A plain copy of the flow as it stands at `now` (the capture's clock). */
export function makeRecord(scope: RecordScope, flow: FlowView, now: Nanos): FlowRecord {
  const client = flow.side(flow.client)
  const server = client.peer
  const start = flow.start as Nanos
  const end = Math.max(client.lastTime, server.lastTime, start) as Nanos
  const history = scope.histories.text(flow)
  const proto = protocolName(flow)
  const record: Mutable<FlowRecord> = {
    type: 'flow',
    start,
    end,
    id: flow.serial,
    proto,
    community_id: flowCommunityId(flow),
    client: sideRecord(scope, client),
    server: sideRecord(scope, server),
    duration_ms: (end - start) / NANOS_PER_MS,
    history,
    missed_bytes: missedBytes(scope, client) + missedBytes(scope, server),
    midstream: (flow.marks & FLOW_MIDSTREAM) !== 0,
    conn_state: proto === 'tcp' ? connState(client, server, history) : datagramState(client, proto),
    outcome: proto === 'tcp' ? tcpOutcome(flow, scope.ladder, now) : datagramOutcome(flow),
  }
  if (proto !== 'tcp') return record
  record.wire_state = { client: STATES[client.expected]!, server: STATES[server.expected]! }
  record.handshake = handshakeRecord(flow)
  record.teardown = teardown(flow)
  return record
}

function sideRecord(scope: RecordScope, side: SideView): FlowSide {
  const { trouble } = scope
  const counter = (index: number): number => trouble.get(side.trouble, index)
  const large = (index: number): number => trouble.large(side.trouble, index)
  const tcp = protocolName(side.flow) === 'tcp'
  const rtt = rttRecord(side)
  const scale = side.scaleOffer
  const { addr, port } = endpoint(side.flow, side.direction)
  const record: Mutable<FlowSide> = {
    addr,
    port,
    packets: side.packets,
    bytes: tcp ? streamLength(side) : side.wireBytes,
    wire_bytes: side.wireBytes,
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
    unique_bytes: side.wireBytes - large(word.NOT_UNIQUE),
    max_window: side.maxWindow,
  }
  if (rtt !== undefined) record.rtt_ms = rtt
  if (side.options & OPTION_MSS) record.mss = side.mss
  if (scale > 0) record.window_scale = scale - 1
  return record
}

function rttRecord(side: SideView): Rtt | undefined {
  const samples = side.rttSamples
  if (samples === 0) return undefined
  const mean = side.rttMean
  // The extremes are kept in 24 bits, so that rounding can put them on the wrong side of the mean.
  return {
    min: Math.min(side.rttMin, mean) / NANOS_PER_MS,
    avg: mean / NANOS_PER_MS,
    max: Math.max(side.rttMax, mean) / NANOS_PER_MS,
    stddev: Math.sqrt(side.rttSquares / Math.max(1, samples - 1)) / NANOS_PER_MS,
    samples,
  }
}

function handshakeRecord(flow: FlowView): Handshake {
  const client = flow.side(flow.client)
  const server = client.peer
  const times = handshakeTimes(flow)
  const clientOptions = handshakeOptions(client)
  const serverOptions = handshakeOptions(server)
  const ms = (nanos: number | null) => (nanos === null ? null : nanos / NANOS_PER_MS)
  const record: Mutable<Handshake> = {
    complete: (flow.marks & FLOW_ESTABLISHED) !== 0,
    rtt_ms: ms(times.total),
    client_rtt_ms: ms(times.client),
    server_rtt_ms: ms(times.server),
    syn_count: client.synCount + server.synCount,
    syn_ack_count: client.synAckCount + server.synAckCount,
  }
  if (clientOptions !== undefined) record.client_options = clientOptions
  if (serverOptions !== undefined) record.server_options = serverOptions
  return record
}

function missedBytes(scope: RecordScope, side: SideView): number {
  return scope.trouble.large(side.trouble, word.MISSED)
}

/** Zeek's conn_state of UDP; it gives ICMP flows none of the connection states. */
function datagramState(client: SideView, proto: 'udp' | 'icmp'): ConnState {
  if (proto === 'icmp') return 'OTH'
  if (client.packets > 0) return client.peer.packets > 0 ? 'SF' : 'S0'
  return 'SHR'
}

function flowCommunityId(flow: FlowView): string {
  const { ports } = flow
  const lower = flow.address(0)
  const upper = flow.address(1)
  return communityId(flow.family, flow.protocol, lower, upper, ports >>> 16, ports & 0xffff)
}
