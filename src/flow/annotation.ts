import { formatIpv4, formatIpv6 } from '../wire/address.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import type { ConditionEvent, Endpoint, FlowEvent, Side, StateEvent, Transition } from './event.ts'
import type { FlowView } from './flow-view.ts'
import type { Mutable } from './mutable.ts'
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

type FlowBase = Mutable<Omit<StateEvent, 'event' | 'text' | keyof Transition>>
type SegmentEvent<Name> = Mutable<Omit<ConditionEvent, 'event'>> & { readonly event: Name }

/** Everything that an event of a flow has in common. `source` is the direction (0 or 1) of `src`. */
export function flowBase(
  scope: EventScope,
  flow: FlowView,
  source: number,
  at: Nanos,
  packet: number,
  iface: number,
): FlowBase {
  const base: FlowBase = {
    type: 'event',
    at,
    flow: flow.serial,
    proto: protocolName(flow),
    sender: role(flow.side(source)),
    src: endpoint(flow, source),
    dst: endpoint(flow, 1 - source),
  }
  if (scope.framed) base.packet = packet
  const name = scope.names(iface)
  if (name !== undefined) base.iface = name
  return base
}

/** An event about a segment: what all of them have in common. */
export function segmentEvent<Name extends FlowEvent['event']>(
  scope: EventScope,
  segment: Segment,
  event: Name,
  text: string,
): SegmentEvent<Name> {
  const { flow, sender } = segment
  const made: SegmentEvent<Name> = {
    type: 'event',
    event,
    at: segment.time,
    flow: flow.serial,
    proto: 'tcp',
    sender: role(sender),
    src: endpoint(flow, sender.direction),
    dst: endpoint(flow, 1 - sender.direction),
    flags: flagsText(segment.flags),
    seq: segment.sequence,
    ack: segment.acknowledgement,
    len: segment.length,
    win: segment.window,
    text,
  }
  if (scope.framed) made.packet = segment.packet
  const name = scope.names(segment.iface)
  if (name !== undefined) made.iface = name
  return made
}

/** The endpoint that sends in `direction`. */
export function endpoint(flow: FlowView, direction: number): Endpoint {
  const { ports } = flow
  return {
    addr: addressText(flow, direction),
    port: direction === 0 ? ports >>> 16 : ports & 0xffff,
  }
}

function addressText(flow: FlowView, direction: number): string {
  const word = (index: number): number => flow.addressWord(direction, index)
  return flow.family === 4 ? formatIpv4(word(0)) : formatIpv6(word(0), word(1), word(2), word(3))
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

/** Every step that there can be, made once: `[endpoint][from][to]`. */
const TRANSITIONS: readonly (readonly (readonly Transition[])[])[] = (['client', 'server'] as const).map(
  (endpoint) => STATES.map((from) => STATES.map((to) => ({ endpoint, from, to }))),
)

export function transition(side: SideView, from: number, to: number): Transition {
  return TRANSITIONS[role(side) === 'client' ? 0 : 1]![from]![to]!
}

/** `0.036 ms`, from a second on `1.500 s`. */
export function durationText(nanos: number): string {
  if (nanos < NANOS_PER_SECOND) return `${(nanos / NANOS_PER_MS).toFixed(3)} ms`
  return `${(nanos / NANOS_PER_SECOND).toFixed(3)} s`
}

export function bytesText(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
