import type { TcpState } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import type { WireCount } from '../flow/wire-counts.ts'
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../wire/tcp-bits.ts'
import { jsonLine } from './json-text.ts'
import type { TraceClock } from './time.ts'
import { flowDigest } from './zeek-json.ts'

const NANOS_PER_SECOND = 1e9

/** Why the flow is recorded: its time had come, or the input ended. */
export type EveReason = 'timeout' | 'shutdown'

/**
 * A flow as a `flow` record of Suricata's EVE log. Bytes are those of frames, as there; `flow_id` is the same in every
 * run. What Suricata would have to parse payload for (`app_proto`) is left out.
 */
export function eveLine(
  flow: FlowRecord,
  counts: { readonly client: WireCount; readonly server: WireCount },
  reason: EveReason,
  clock: TraceClock,
): string {
  const { client, server, proto, start, end } = flow
  const second = (nanos: number): number => Math.floor(nanos / NANOS_PER_SECOND)
  const icmp = proto === 'icmp'
  return jsonLine({
    timestamp: timestamp(clock, end),
    flow_id: flowId(flow, clock),
    event_type: 'flow',
    src_ip: client.addr,
    ...(icmp ? {} : { src_port: client.port }),
    dest_ip: server.addr,
    ...(icmp ? { icmp_type: client.port } : { dest_port: server.port }),
    proto: icmp && client.addr.includes(':') ? 'IPv6-ICMP' : proto.toUpperCase(),
    flow: {
      pkts_toserver: client.packets,
      pkts_toclient: server.packets,
      bytes_toserver: counts.client.frameBytes,
      bytes_toclient: counts.server.frameBytes,
      start: timestamp(clock, start),
      end: timestamp(clock, end),
      age: second(end) - second(start),
      state: flowState(flow),
      reason,
      alerted: false,
    },
    ...(proto === 'tcp' && { tcp: tcpObject(flow, counts.client.flags, counts.server.flags) }),
    community_id: flow.community_id,
  })
}

/** `2017-04-07T22:24:37.251547+0000`: microseconds, the zone without a colon. */
function timestamp(clock: TraceClock, nanos: number): string {
  return clock.rfc3339(nanos).replace(/\d{3}Z$/, '+0000')
}

/** 51 bits: exact wherever JSON numbers are doubles. */
function flowId(flow: FlowRecord, clock: TraceClock): number {
  const digest = flowDigest(flow, clock)
  return digest.subarray(0, 6).reduce((number, byte) => number * 256 + byte, digest[6]! & 7)
}

function flowState({
  outcome,
  proto,
  client,
  server,
  teardown,
}: FlowRecord): 'new' | 'established' | 'closed' {
  if (proto !== 'tcp') return client.packets > 0 && server.packets > 0 ? 'established' : 'new'
  if (outcome === 'closed' || outcome === 'reset' || outcome === 'refused') return 'closed'
  if (outcome === 'established' || outcome === 'midstream') return 'established'
  return teardown?.kind === 'reset' ? 'closed' : 'new'
}

const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [SYN, 'syn'],
  [FIN, 'fin'],
  [RST, 'rst'],
  [PSH, 'psh'],
  [ACK, 'ack'],
  [URG, 'urg'],
  [ECE, 'ecn'],
  [CWR, 'cwr'],
]

function tcpObject(flow: FlowRecord, client: number, server: number): object {
  const all = client | server
  const set = FLAG_NAMES.filter(([flag]) => all & flag).map(([, name]) => [name, true] as const)
  return {
    tcp_flags: hex(all),
    tcp_flags_ts: hex(client),
    tcp_flags_tc: hex(server),
    ...Object.fromEntries(set),
    ...(flow.wire_state && { state: tcpState(flow, flow.wire_state) }),
  }
}

/** One byte, as Suricata keeps them. */
function hex(flags: number): string {
  return (flags & 0xff).toString(16).padStart(2, '0')
}

/** States of a connection that one of its ends is in, the one that says most first. */
const SPOKEN: readonly TcpState[] = [
  'LAST_ACK',
  'CLOSING',
  'FIN_WAIT2',
  'FIN_WAIT1',
  'CLOSE_WAIT',
  'TIME_WAIT',
  'SYN_RECV',
  'SYN_SENT',
]

/** Suricata has one state for both ends; one that was not heard of has none. */
function tcpState(flow: FlowRecord, { client, server }: NonNullable<FlowRecord['wire_state']>): string {
  const heard = [...(flow.client.packets > 0 ? [client] : []), ...(flow.server.packets > 0 ? [server] : [])]
  if (heard.every((state) => state === 'CLOSED' || state === 'TIME_WAIT' || state === 'LISTEN'))
    return 'closed'
  return (SPOKEN.find((state) => heard.includes(state)) ?? 'ESTABLISHED').toLowerCase()
}
