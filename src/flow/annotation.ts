import { formatAddress } from '../wire/address.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import type { Endpoint, Side, Transition } from './event.ts'
import type { FlowView } from './flow-view.ts'
import type { Segment } from './segment.ts'
import type { SideView } from './side-view.ts'
import type { SynLadder } from './syn-ladder.ts'
import { STATES } from './tcp-state.ts'
import { NANOS_PER_MS, NANOS_PER_SECOND, type Nanos } from './time.ts'

/** What the makers of events know beside the segment. */
export interface EventScope {
  /** Events carry `packet`. */
  readonly framed: boolean
  readonly names: (iface: number) => string | undefined
  readonly ladder: SynLadder
}

/** Everything that an event of a flow has in common. `source` is the direction (0 or 1) of `src`. */
export function flowBase(
  scope: EventScope,
  flow: FlowView,
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
    flow: flow.serial,
    proto: protocolName(flow),
    sender: role(flow.side(source)),
    src: endpoint(flow, source),
    dst: endpoint(flow, 1 - source),
  }
}

/** What an event about a segment has in common. */
export function segmentBase(scope: EventScope, segment: Segment) {
  return {
    ...flowBase(scope, segment.flow, segment.sender.direction, segment.time, segment.packet, segment.iface),
    flags: flagsText(segment.flags),
    seq: segment.sequence,
    ack: segment.acknowledgement,
    len: segment.length,
    win: segment.window,
  }
}

/** The endpoint that sends in `direction`. */
export function endpoint(flow: FlowView, direction: number): Endpoint {
  const { ports } = flow
  return {
    addr: formatAddress(flow.family, flow.address(direction)),
    port: direction === 0 ? ports >>> 16 : ports & 0xffff,
  }
}

export function protocolName(flow: FlowView): 'tcp' | 'udp' | 'icmp' {
  const { protocol } = flow
  if (protocol === 6) return 'tcp'
  return protocol === 17 ? 'udp' : 'icmp'
}

/** Who sends in this direction. */
export function role(side: SideView): Side {
  return side.flow.client === side.direction ? 'client' : 'server'
}

export function transition(side: SideView, from: number, to: number): Transition {
  return { endpoint: role(side), from: STATES[from]!, to: STATES[to]! }
}

/** `0.036 ms`, from a second on `1.500 s`. */
export function durationText(nanos: number): string {
  if (nanos < NANOS_PER_SECOND) return `${(nanos / NANOS_PER_MS).toFixed(3)} ms`
  return `${(nanos / NANOS_PER_SECOND).toFixed(3)} s`
}

export function bytesText(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
