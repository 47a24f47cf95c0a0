import { role } from '../flow/annotation.ts'
import { ANOMALY_RETRANSMISSION } from '../flow/anomalies.ts'
import type { Side, TcpState } from '../flow/event.ts'
import type { FlowView } from '../flow/flow-view.ts'
import type { IcmpError } from '../flow/icmp-error.ts'
import type { IcmpEffect, IcmpMessage } from '../flow/icmp-event.ts'
import {
  FLOW_ESTABLISHED,
  FLOW_MIDSTREAM,
  FLOW_REFUSED,
  OPTION_MSS,
  SIDE_FIN,
  SIDE_FIN_ACKED,
} from '../flow/marks.ts'
import type { Mutable } from '../flow/mutable.ts'
import type { Segment } from '../flow/segment.ts'
import type { SideView } from '../flow/side-view.ts'
import { SYN_RECV, SYN_SENT } from '../flow/state-numbers.ts'
import {
  RESET_CLEARS_OLD,
  RESET_EFFECTIVE,
  RESET_LATE,
  RESET_PENDING,
  STEP_RESET,
  STEP_STALE_ACK,
} from '../flow/steps.ts'
import { giveUpAfter, type SynLadder } from '../flow/syn-ladder.ts'
import { STATES } from '../flow/tcp-state.ts'
import { NANOS_PER_MS, NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'
import { formatAddress } from '../wire/address.ts'
import { diff } from '../wire/seq.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp-bits.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import type { WatchedWire, WireEvidence, WireIcmp, WireReset } from './evidence.ts'

/** A range that is sent again and again: its first number, and what is told of it. */
interface StuckRange {
  readonly direction: number
  readonly sequence: number
  readonly length: number
  readonly since: Nanos
  readonly idleBefore: number
  times: number
  sackedBehind: boolean
}

/** What no packet showed. */
const NO_WIRE: WireEvidence = {
  syns: 0,
  synAcks: 0,
  synAcksAfterEstablished: 0,
  staleAck: false,
  synAckRefused: false,
  midstream: false,
  states: { client: 'CLOSED', server: 'CLOSED' },
  bytes: { client: 0, server: 0 },
  fin: {},
  finAcked: { client: false, server: false },
}

/**
 * What the rows do not keep of a flow in trouble: the resets, ICMP errors, ranges that are stuck and closed windows
 * that its segments showed. All else is read from the flow's row when evidence is asked for.
 */
export class WireTrouble {
  #reset: Mutable<WireReset> | undefined
  #resetDirection = 0
  #idleBeforeReset = 0
  #icmp: WireIcmp | undefined
  #stuck: StuckRange | undefined
  #zeroWindow: { readonly direction: number; readonly since: Nanos } | undefined
  #synAcksAfterEstablished = 0
  #staleAck = false
  #synAckRefused = false
  #resets = 0

  /** A segment (borrowed) of the flow; `before` is when its sender sent the one before it. */
  segment(segment: Segment, before: number): void {
    const { flow, sender, flags, steps } = segment
    if (steps & STEP_STALE_ACK) this.#staleAck = true
    if (steps & STEP_RESET) this.#takeReset(segment, before)
    else {
      if (this.#reset !== undefined && this.#resetDirection === sender.direction && (flags & SYN) === 0)
        this.#reset.senderWentOn = true
      if (flags & SYN) {
        if (flags & ACK && flow.marks & FLOW_ESTABLISHED && segment.anomalies & ANOMALY_RETRANSMISSION)
          this.#synAcksAfterEstablished++
      } else this.#followWindow(segment)
      this.#followRange(segment, before)
    }
  }

  /** An ICMP error that quotes a packet of `quoted`. The first that ended the attempt stays. */
  icmp(
    quoted: SideView,
    at: Nanos,
    message: IcmpMessage,
    { name, error }: IcmpError,
    effect: IcmpEffect,
  ): void {
    if (this.#icmp?.effective) return
    const { family, from, type, code } = message
    const effective = effect === 'ended'
    const base = { from: formatAddress(family, from), quoted: role(quoted), type, code, name, at, effective }
    this.#icmp = error === undefined ? base : { ...base, error }
  }

  /** One that quotes a datagram of the client, where flows of UDP are not followed. */
  datagram(at: Nanos, message: IcmpMessage, { name, error }: IcmpError): void {
    const { family, from, type, code } = message
    const base = {
      from: formatAddress(family, from),
      quoted: 'client',
      type,
      code,
      name,
      at,
      effective: true,
    } as const
    this.#icmp = error === undefined ? base : { ...base, error }
  }

  /** Evidence of a connection that has no flow. */
  get withoutFlow(): WatchedWire {
    const evidence: Mutable<WatchedWire> = { watched: true, ...NO_WIRE }
    if (this.#icmp !== undefined) {
      evidence.icmp = this.#icmp
      evidence.last = this.#icmp.at
    }
    return evidence
  }

  /** Something that does not pass by itself was seen. */
  get isLasting(): boolean {
    return (
      this.#reset !== undefined ||
      this.#icmp !== undefined ||
      this.#staleAck ||
      this.#synAcksAfterEstablished > 0
    )
  }

  /** Time-outs of the range that is stuck now, and since when; `undefined` when nothing is. */
  get stuck(): { readonly times: number; readonly since: Nanos } | undefined {
    return this.#stuck
  }

  /** Since when a window has been closed that still is. */
  get closedSince(): Nanos | undefined {
    return this.#zeroWindow?.since
  }

  /** The reset or ICMP error that ends the connection. */
  get isEnded(): boolean {
    return this.#reset?.effect === 'effective' || this.#icmp?.effective === true
  }

  /** When that came. */
  get endedAt(): Nanos | undefined {
    if (this.#reset?.effect === 'effective') return this.#reset.at
    return this.#icmp?.effective ? this.#icmp.at : undefined
  }

  /** All that the packets showed, as the flow (borrowed) stands now. */
  evidence(flow: FlowView, ladder: SynLadder): WatchedWire {
    const client = flow.side(flow.client)
    const server = client.peer
    const { marks } = flow
    const evidence: Mutable<WatchedWire> = {
      watched: true,
      syns: client.synCount,
      synAcks: server.synAckCount,
      synAcksAfterEstablished: this.#synAcksAfterEstablished,
      staleAck: this.#staleAck,
      synAckRefused: this.#synAckRefused,
      midstream: (marks & FLOW_MIDSTREAM) !== 0 && !this.#isOnlyResets(flow),
      states: { client: stateOf(client), server: stateOf(server) },
      bytes: { client: ackedBytes(client), server: ackedBytes(server) },
      fin: finTimes(flow),
      finAcked: {
        client: (client.marks & SIDE_FIN_ACKED) !== 0,
        server: (server.marks & SIDE_FIN_ACKED) !== 0,
      },
    }
    const last = Math.max(client.lastTime, server.lastTime)
    if (last > 0) evidence.last = last as Nanos
    if (client.synCount > 0) {
      evidence.firstSyn = flow.start as Nanos
      evidence.lastSyn = flow.synTime as Nanos
      evidence.givesUpAfterSeconds = giveUpAfter(ladder) / NANOS_PER_SECOND
    }
    if (marks & FLOW_ESTABLISHED) evidence.established = flow.ackTime as Nanos
    if (this.#reset !== undefined) {
      evidence.reset = this.#reset
      if (this.#idleBeforeReset > 0) evidence.idleBeforeMs = this.#idleBeforeReset / NANOS_PER_MS
    }
    if (this.#icmp !== undefined) evidence.icmp = this.#icmp
    this.#addStuck(evidence, flow)
    const closed = this.#zeroWindow
    if (closed !== undefined)
      evidence.zeroWindow = { receiver: role(flow.side(closed.direction)), since: closed.since }
    return evidence
  }

  #addStuck(evidence: Mutable<WireEvidence>, flow: FlowView): void {
    const range = this.#stuck
    if (range === undefined) return
    const side = flow.side(range.direction)
    const { times, since, length, sackedBehind } = range
    const { mss } = side.peer
    evidence.stuck = {
      sender: role(side),
      times,
      since,
      length,
      largestAcked: side.largestAcked,
      sackedBehind,
      ...(side.peer.options & OPTION_MSS && { mss }),
    }
    if (range.idleBefore > 0) evidence.idleBeforeMs ??= range.idleBefore / NANOS_PER_MS
  }

  /** A reset that takes effect is the one that counts; one that comes late counts for nothing. */
  #takeReset(segment: Segment, before: number): void {
    const { flow, sender, receiver, resetEffect, time } = segment
    this.#resets++
    if (resetEffect === RESET_CLEARS_OLD) this.#staleAck = true
    if (this.#reset?.effect === 'effective') return
    const client = sender.direction === flow.client
    if (client && resetEffect === RESET_EFFECTIVE && (flow.marks & FLOW_ESTABLISHED) === 0)
      this.#synAckRefused = receiver.synAckCount > 0
    const answered = receiver.packets === 0 ? time : receiver.lastTime
    this.#resetDirection = sender.direction
    // What it answers came so long after the latest that its sender had said.
    this.#idleBeforeReset = before === 0 ? 0 : Math.max(0, answered - before)
    const usualTtl = flow.ttl(sender.direction)
    this.#reset = {
      by: role(sender),
      at: time,
      flags: flagsText(segment.flags),
      effect: effectName(resetEffect),
      receiverState: STATES[segment.receiverFrom]!,
      win: segment.window,
      after: this.#isOnlyResets(flow) && flow.marks & FLOW_REFUSED ? 'syn' : precededBy(flow),
      afterMs: (time - answered) / NANOS_PER_MS,
      ttl: segment.ttl,
      ...(usualTtl !== 0 && { usualTtl }),
      senderWentOn: false,
    }
  }

  /** Nothing else was seen of the flow (borrowed): that says nothing of a connection. */
  #isOnlyResets({ lower, upper }: FlowView): boolean {
    return lower.packets + upper.packets === this.#resets
  }

  #followWindow({ sender, window, flags, time }: Segment): void {
    const closed = this.#zeroWindow
    if (window === 0 && (flags & (FIN | RST)) === 0) {
      if (closed === undefined) this.#zeroWindow = { direction: sender.direction, since: time }
    } else if (closed?.direction === sender.direction) this.#zeroWindow = undefined
  }

  /** A range counts as stuck from its first time-out until something of it is acknowledged. */
  #followRange(segment: Segment, before: number): void {
    const { sender, receiver, sequence, end } = segment
    let range = this.#stuck
    if (range !== undefined) {
      const held = range.direction === sender.direction ? sender : receiver
      if (diff(held.acked, range.sequence) > 0) this.#stuck = range = undefined
    }
    if (range !== undefined && range.direction === receiver.direction)
      range.sackedBehind ||= acknowledgesBehind(segment.options, range.sequence)
    if ((segment.anomalies & ANOMALY_RETRANSMISSION) === 0 || segment.flags & SYN) return
    const { acked } = sender
    // Only what is at the left edge holds up the rest.
    if (diff(sequence, acked) > 0 || diff(end, acked) <= 0) return
    if (range?.direction === sender.direction && range.sequence === sequence) range.times++
    else
      this.#stuck = {
        direction: sender.direction,
        sequence,
        length: segment.length,
        since: (before || segment.time) as Nanos,
        idleBefore: Math.max(0, before - receiver.lastTime),
        times: 1,
        sackedBehind: false,
      }
  }
}

function acknowledgesBehind(
  options: { readonly sackCount: number; sackLeft(index: number): number },
  sequence: number,
): boolean {
  for (let i = 0; i < options.sackCount; i++) if (diff(options.sackLeft(i), sequence) > 0) return true
  return false
}

function effectName(effect: number): WireReset['effect'] {
  switch (effect) {
    case RESET_EFFECTIVE:
      return 'effective'
    case RESET_PENDING:
      return 'pending'
    case RESET_LATE:
      return 'late'
    case RESET_CLEARS_OLD:
      return 'clears_old'
    default:
      return 'ignored'
  }
}

/** What stands before a reset that was just taken into account. */
function precededBy(flow: FlowView): WireReset['after'] {
  const { lower, upper, marks } = flow
  if ((marks & (FLOW_ESTABLISHED | FLOW_MIDSTREAM)) === 0)
    return lower.synAckCount + upper.synAckCount > 0 ? 'syn_ack' : 'syn'
  if ((lower.marks | upper.marks) & SIDE_FIN) return 'fin'
  return lower.wireBytes + upper.wireBytes > 0 || marks & FLOW_MIDSTREAM ? 'data' : 'third_ack'
}

function stateOf(side: SideView): TcpState {
  return STATES[side.expected]!
}

/** Bytes of the stream that the peer acknowledged; SYN and FIN have a number each. */
function ackedBytes(side: SideView): number {
  const { acked, initial, marks } = side
  if (acked === 0) return 0
  const total = acked + side.ackedWraps * 2 ** 32 - initial - 1 - (marks & SIDE_FIN_ACKED ? 1 : 0)
  return Math.max(0, total)
}

/** The first FIN alone: `closeTime` is that of the close's latest step. */
function finTimes(flow: FlowView): Partial<Record<Side, Nanos>> {
  const client = flow.side(flow.client)
  const times: Partial<Record<Side, Nanos>> = {}
  if (client.marks & SIDE_FIN) times.client = flow.closeTime as Nanos
  if (client.peer.marks & SIDE_FIN) times.server = flow.closeTime as Nanos
  return times
}

/** Whether a flow (borrowed) that is over has failed without a sign: its only SYN, or its SYN+ACK, was never answered. */
export function failedAtLast(flow: FlowView): boolean {
  const client = flow.side(flow.client)
  if (client.peer.expected === SYN_RECV) return true
  return (flow.marks & (FLOW_ESTABLISHED | FLOW_MIDSTREAM)) === 0 && client.expected === SYN_SENT
}
