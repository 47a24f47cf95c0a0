import type { QuotedPacket } from '../wire/quoted-packet.ts'
import { diff } from '../wire/seq.ts'
import type { PacketStack } from '../wire/stack.ts'
import { type FlowId, NO_FLOW } from './flow-id.ts'
import { findIcmpError, icmpErrorAt } from './icmp-error.ts'
import { type IcmpEffect, icmpErrorEvent } from './icmp-event.ts'
import { FlowKey } from './key.ts'
import { LIST_ENDED } from './list-numbers.ts'
import type { SideView } from './side-view.ts'
import { CLOSED, SYN_RECV, SYN_SENT } from './state-numbers.ts'
import type { FlowStore } from './store.ts'
import type { Nanos } from './time.ts'

const TCP = 6
const UDP = 17

/** Ties ICMP errors to the flow whose packet they quote. */
export class IcmpTracker {
  private readonly store: FlowStore
  private readonly key = new FlowKey()

  constructor(store: FlowStore) {
    this.store = store
  }

  /** An ICMP error that quotes a packet. Returns that packet's row, NO_FLOW when the flow is not known. */
  error(stack: PacketStack, time: Nanos, iface: number, packet: number): FlowId {
    const { store, key } = this
    const { quoted } = stack
    key.set(
      quoted.family,
      quoted.protocol,
      quoted.source,
      quoted.destination,
      quoted.sourcePort,
      quoted.destinationPort,
      stack.tunnel,
    )
    const row = store.engine.find(key) as FlowId
    if (row === NO_FLOW) {
      this.datagram(stack, time)
      return row
    }
    const icmp = stack.family === 4 ? stack.icmp : stack.icmp6
    const { type, code } = icmp
    const index = findIcmpError(stack.family, type, code)
    if (index < 0) return row
    const { flow } = store
    store.engine.calls.tellKept(row)
    flow.move(row)
    const effect = this.take(flow.side(key.direction), index, quoted)
    const { event, trouble } = store.sinks
    if (event === undefined && trouble === undefined) return row
    const message = { type, code, family: stack.family, from: stack.source }
    const meaning = icmpErrorAt(index)
    if (event !== undefined)
      event(icmpErrorEvent(store, flow, key.direction, time, packet, iface, message, meaning, effect))
    trouble?.icmp(flow.side(key.direction), time, message, meaning, effect)
    return row
  }

  /** UDP flows need not be followed for a closed port to be told. */
  private datagram({ quoted, family, icmp, icmp6, source }: PacketStack, time: Nanos): void {
    const { trouble } = this.store.sinks
    if (trouble === undefined || quoted.protocol !== UDP) return
    const { type, code } = family === 4 ? icmp : icmp6
    const index = findIcmpError(family, type, code)
    if (index < 0 || icmpErrorAt(index).error !== 'ECONNREFUSED') return
    trouble.datagram(quoted, time, { type, code, family, from: source }, icmpErrorAt(index))
  }

  /**
   * In SYN_SENT and SYN_RECV every message that maps to an error ends the attempt; an open connection keeps it for
   * later. It counts only when it quotes an outstanding number (RFC 5927 section 4).
   */
  private take(side: SideView, index: number, quoted: QuotedPacket): IcmpEffect {
    const { flow } = side
    const { error } = icmpErrorAt(index)
    if (quoted.protocol !== TCP) {
      if (error !== undefined) flow.icmpError = index + 1
      return error === undefined ? 'noted' : 'ended'
    }
    if (!this.isOutstanding(side, quoted.sequence)) return 'stray'
    const state = side.expected
    if (error === undefined || (state !== SYN_SENT && state !== SYN_RECV)) return 'noted'
    flow.icmpError = index + 1
    side.expected = CLOSED
    this.store.engine.calls.place(flow.row, LIST_ENDED)
    return 'ended'
  }

  private isOutstanding(side: SideView, sequence: number): boolean {
    const next = side.next
    return next === 0 || (diff(sequence, side.acked) >= 0 && diff(sequence, next) <= 0)
  }
}
