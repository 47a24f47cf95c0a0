import type { FlowRecord } from '../flow/record.ts'
import type { WireCount } from '../flow/wire-counts.ts'
import { jsonLine } from './json-text.ts'
import { sha1 } from './sha1.ts'
import type { TraceClock } from './time.ts'

const NANOS_PER_MICRO = 1e3
const MICROS_PER_SECOND = 1e6
const IP_PROTOCOLS = { tcp: 6, udp: 17 } as const
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const UID_LENGTH = 17

/**
 * A flow as a line of Zeek's conn.log in JSON. As there, byte counts and duration are given only when more than a
 * moment passed: a lone SYN has neither. What Zeek would have to parse payload for (`service`) or be told
 * (`local_orig`) is left out. `last` is where Zeek ends the connection: what comes behind both sides' FINs is counted,
 * but does not last.
 */
export function zeekLine(
  flow: FlowRecord,
  counts: { readonly client: WireCount; readonly server: WireCount; readonly last: number },
  clock: TraceClock,
): string {
  const { client, server, proto, start } = flow
  const duration = Math.round((counts.last - start) / NANOS_PER_MICRO) / MICROS_PER_SECOND
  const icmp = proto === 'icmp'
  return jsonLine({
    ts: clock.epoch(start),
    uid: uidOf(flow, clock),
    'id.orig_h': client.addr,
    'id.orig_p': client.port,
    'id.resp_h': server.addr,
    'id.resp_p': server.port,
    proto,
    ...(duration > 0 && { duration, orig_bytes: client.bytes, resp_bytes: server.bytes }),
    conn_state: flow.conn_state,
    missed_bytes: flow.missed_bytes,
    ...(flow.history !== '' && { history: flow.history }),
    orig_pkts: client.packets,
    orig_ip_bytes: counts.client.ipBytes,
    resp_pkts: server.packets,
    resp_ip_bytes: counts.server.ipBytes,
    ip_proto: icmp ? (client.addr.includes(':') ? 58 : 1) : IP_PROTOCOLS[proto],
    community_id: flow.community_id,
  })
}

/** Looks like Zeek's, but is the same in every run: it is made of the flow's ends, its beginning and its id. */
function uidOf(flow: FlowRecord, clock: TraceClock): string {
  const digest = flowDigest(flow, clock)
  let number = digest.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  let uid = 'C'
  for (let i = 0; i < UID_LENGTH; i++) {
    uid += BASE62[Number(number % 62n)]
    number /= 62n
  }
  return uid
}

/** 20 bytes that are the flow's alone, in this capture and among captures. */
export function flowDigest(flow: FlowRecord, clock: TraceClock): Uint8Array {
  const text = `${flow.community_id} ${clock.rfc3339(flow.start)} ${flow.id}`
  return sha1(Uint8Array.from(text, (character) => character.charCodeAt(0)))
}
