import { formatIpv4, formatIpv6 } from '../wire/address.ts'
import type { Endpoint, Side, StateEvent, Transition } from './event.ts'
import type { FlowView } from './flow-view.ts'
import type { Mutable } from './mutable.ts'
import type { SideView } from './side-view.ts'
import type { Nanos } from './time.ts'

/** What the makers of events know beside the segment. */
export interface EventScope {
  /** Events carry `packet`. */
  readonly framed: boolean
  readonly names: (iface: number) => string | undefined
}

type FlowBase = Mutable<Omit<StateEvent, 'event' | 'text' | keyof Transition>>

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
