import { endpoint, protocolName } from './annotation.ts'
import type { FlowEngine } from './engine.ts'
import type { FactsView } from './facts-view.ts'
import type { FlowView } from './flow-view.ts'
import { handshakeOptions } from './handshake-options.ts'
import type { Histories } from './history.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM, OPTION_MSS } from './marks.ts'
import type { Mutable } from './mutable.ts'
import type { FlowRecord, FlowSide, Handshake } from './record.ts'
import type { SideView } from './side-view.ts'
import { STATES } from './tcp-state.ts'
import { NANOS_PER_MS, type Nanos } from './time.ts'
import type { TroubleView } from './trouble.ts'
import * as word from './trouble-words.ts'

export interface RecordScope {
  readonly trouble: TroubleView
  readonly histories: Histories
  readonly engine: FlowEngine
  readonly facts: FactsView
}

/** A plain copy of the flow as it stands at `now` (the capture's clock). */
export function makeRecord(scope: RecordScope, flow: FlowView, now: Nanos): FlowRecord {
  scope.engine.calls.gather(flow.row, now)
  const { facts } = scope
  const client = flow.side(flow.client)
  const server = client.peer
  const start = flow.start as Nanos
  const end = facts.end as Nanos
  const proto = protocolName(flow)
  const record: Mutable<FlowRecord> = {
    type: 'flow',
    start,
    end,
    id: flow.serial,
    proto,
    community_id: facts.communityId,
    client: sideRecord(scope, client),
    server: sideRecord(scope, server),
    duration_ms: (end - start) / NANOS_PER_MS,
    history: scope.histories.text(flow),
    missed_bytes: missedBytes(scope, client) + missedBytes(scope, server),
    midstream: (flow.marks & FLOW_MIDSTREAM) !== 0,
    conn_state: facts.connState,
    outcome: facts.outcome,
  }
  if (proto !== 'tcp') return record
  record.wire_state = { client: STATES[client.expected]!, server: STATES[server.expected]! }
  record.handshake = handshakeRecord(facts, flow)
  record.teardown = facts.teardown
  return record
}

function sideRecord(scope: RecordScope, side: SideView): FlowSide {
  const { trouble, facts } = scope
  const which = side.flow.client === side.direction ? 0 : 1
  const counter = (index: number): number => trouble.get(side.trouble, index)
  const large = (index: number): number => trouble.large(side.trouble, index)
  const scale = side.scaleOffer
  const { addr, port } = endpoint(side.flow, side.direction)
  const record: Mutable<FlowSide> = {
    addr,
    port,
    packets: side.packets,
    bytes: facts.streamLength(which),
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
  if (side.rttSamples > 0) record.rtt_ms = facts.rtt(which, side.rttSamples)
  if (side.options & OPTION_MSS) record.mss = side.mss
  if (scale > 0) record.window_scale = scale - 1
  return record
}

function handshakeRecord(facts: FactsView, flow: FlowView): Handshake {
  const client = flow.side(flow.client)
  const server = client.peer
  const clientOptions = handshakeOptions(client)
  const serverOptions = handshakeOptions(server)
  const record: Mutable<Handshake> = {
    complete: (flow.marks & FLOW_ESTABLISHED) !== 0,
    rtt_ms: facts.rttMs,
    client_rtt_ms: facts.clientRttMs,
    server_rtt_ms: facts.serverRttMs,
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
