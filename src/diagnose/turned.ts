import type { Side } from '../flow/event.ts'
import type { WireEvidence } from './evidence.ts'
import { otherSide } from './facts.ts'

/**
 * What the packets of a flow showed, with its ends the other way round: without a SYN only ports told who is the
 * client, and the kernel knows better. SYNs are not turned: there were none.
 */
export function turned(wire: WireEvidence): WireEvidence {
  const { reset, icmp, stuck, zeroWindow, fin } = wire
  return {
    ...wire,
    states: swapped(wire.states),
    bytes: swapped(wire.bytes),
    finAcked: swapped(wire.finAcked),
    fin: {
      ...(fin.server !== undefined && { client: fin.server }),
      ...(fin.client !== undefined && { server: fin.client }),
    },
    ...(reset && { reset: { ...reset, by: otherSide(reset.by) } }),
    ...(icmp && { icmp: { ...icmp, quoted: otherSide(icmp.quoted) } }),
    ...(stuck && { stuck: { ...stuck, sender: otherSide(stuck.sender) } }),
    ...(zeroWindow && { zeroWindow: { ...zeroWindow, receiver: otherSide(zeroWindow.receiver) } }),
  }
}

function swapped<T>({ client, server }: Readonly<Record<Side, T>>): Record<Side, T> {
  return { client: server, server: client }
}
