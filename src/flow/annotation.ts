import { formatAddress } from '../wire/address.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import type { Endpoint, Side, Transition } from './event.ts'
import { KEY_META, KEY_PORTS, KEY_WORDS } from './key.ts'
import type { Segment } from './segment.ts'
import type { SynLadder } from './syn-ladder.ts'
import type { FlowTable } from './table.ts'
import { STATES } from './tcp-state.ts'
import { NANOS_PER_MS, NANOS_PER_SECOND, type Nanos } from './time.ts'

/** What the makers of events know beside the segment. */
export interface EventScope {
  readonly table: FlowTable
  /** Events carry `packet`. */
  readonly framed: boolean
  readonly names: (iface: number) => string | undefined
  readonly ladder: SynLadder
}

/** Everything that an event of a flow has in common. `source` is the direction (0 or 1) of `src`. */
export function flowBase(
  scope: EventScope,
  row: number,
  source: number,
  at: Nanos,
  packet: number,
  iface: number,
) {
  const name = scope.names(iface)
  return {
    type: 'event' as const,
    at,
    ...(scope.framed ? { packet } : {}),
    ...(name === undefined ? {} : { iface: name }),
    flow: scope.table.columns.serial[row]!,
    proto: protocolName(scope.table, row),
    sender: role(scope.table, row * 2 + source),
    src: endpoint(scope.table, row, source),
    dst: endpoint(scope.table, row, 1 - source),
  }
}

/** What an event about a segment has in common. */
export function segmentBase(scope: EventScope, segment: Segment) {
  return {
    ...flowBase(scope, segment.row, segment.sender & 1, segment.time, segment.packet, segment.iface),
    flags: flagsText(segment.flags),
    seq: segment.sequence,
    ack: segment.acknowledgement,
    len: segment.length,
    win: segment.window,
  }
}

/** The endpoint that sends in `direction`. */
export function endpoint(table: FlowTable, row: number, direction: number): Endpoint {
  const { key } = table.columns
  const at = row * KEY_WORDS
  const family = (key[at + KEY_META]! >>> 8) & 0xff
  const ports = key[at + KEY_PORTS]!
  const words = key.subarray(at + direction * 4, at + direction * 4 + 4)
  return { addr: formatAddress(family, words), port: direction === 0 ? ports >>> 16 : ports & 0xffff }
}

export function protocolName(table: FlowTable, row: number): 'tcp' | 'udp' | 'icmp' {
  const protocol = table.columns.key[row * KEY_WORDS + KEY_META]! & 0xff
  if (protocol === 6) return 'tcp'
  return protocol === 17 ? 'udp' : 'icmp'
}

/** Who sends in the direction of side index `side`. */
export function role(table: FlowTable, side: number): Side {
  return table.columns.client[side >> 1] === (side & 1) ? 'client' : 'server'
}

export function transition(table: FlowTable, side: number, from: number, to: number): Transition {
  return { endpoint: role(table, side), from: STATES[from]!, to: STATES[to]! }
}

/** `0.036 ms`, from a second on `1.500 s`. */
export function durationText(nanos: number): string {
  if (nanos < NANOS_PER_SECOND) return `${(nanos / NANOS_PER_MS).toFixed(3)} ms`
  return `${(nanos / NANOS_PER_SECOND).toFixed(3)} s`
}

export function bytesText(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
