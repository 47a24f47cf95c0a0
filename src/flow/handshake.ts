import { diff } from '../wire/seq.ts'
import { durationText, type EventScope, segmentBase, transition } from './annotation.ts'
import type { HandshakeEvent, HandshakeOptions } from './event.ts'
import {
  FLOW_ESTABLISHED,
  FLOW_LATE_THIRD_ACK,
  FLOW_SIMULTANEOUS_OPEN,
  OPTION_ECN,
  OPTION_FAST_OPEN_COOKIE,
  OPTION_FAST_OPEN_REQUEST,
  OPTION_MPTCP_CAPABLE,
  OPTION_MPTCP_JOIN,
  OPTION_MSS,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  SIDE_SYN_DATA,
} from './marks.ts'
import { type Segment, STEP_SYN, STEP_SYN_ACK } from './segment.ts'
import type { FlowTable } from './table.ts'
import { CLOSED, LISTEN } from './tcp-state.ts'
import { NANOS_PER_MS } from './time.ts'

/** The handshake's event for a segment with STEP_SYN, STEP_SYN_ACK or STEP_THIRD_ACK. */
export function handshakeEvent(scope: EventScope, segment: Segment): HandshakeEvent {
  const { table } = scope
  const { columns, sides } = table
  const { row, sender, steps } = segment
  const simultaneous = (columns.marks[row]! & FLOW_SIMULTANEOUS_OPEN) !== 0
  const base = { ...segmentBase(scope, segment), event: 'handshake' as const, of: 3 as const }
  // Who dials as well was no listener.
  const from = simultaneous && segment.senderFrom === LISTEN ? CLOSED : segment.senderFrom
  const moved = transition(table, sender, from, segment.senderTo)

  if (steps & STEP_SYN) {
    const text = simultaneous ? 'connect() on the other side too: simultaneous open' : synText(sides, segment)
    return { ...base, step: 1, options: handshakeOptions(table, sender)!, transition: moved, text }
  }
  const times = handshakeTimes(table, row)
  if (steps & STEP_SYN_ACK) {
    return {
      ...base,
      step: 2,
      ...(times.server === null ? {} : { rtt_ms: times.server / NANOS_PER_MS }),
      options: handshakeOptions(table, sender)!,
      transition: moved,
      text: simultaneous
        ? 'both dialled: the SYN is answered, no listener involved'
        : synAckText(sides, segment),
    }
  }
  const returned = simultaneous ? 'both connect() returned' : 'connect() returned, accept() can return'
  return {
    ...base,
    step: 3,
    ...(times.total === null ? {} : { rtt_ms: times.total / NANOS_PER_MS }),
    transition: moved,
    text: times.total === null ? returned : `${returned}; ${durationText(times.total)}`,
  }
}

function synText(sides: FlowTable['sides'], segment: Segment): string {
  if (segment.length > 0)
    return `connect() sends SYN with ${segment.length} bytes of data (Fast Open), client waits`
  if (sides.options[segment.sender]! & OPTION_FAST_OPEN_REQUEST)
    return 'connect() sends SYN and asks for a Fast Open cookie, client waits'
  return 'connect() sends SYN, client waits'
}

/** Data in the SYN is taken when the SYN+ACK covers it, and has to be sent again when not (RFC 7413 section 4.2). */
function synAckText(sides: FlowTable['sides'], segment: Segment): string {
  const { receiver } = segment
  const initial = sides.initial[receiver]!
  const taken = diff(segment.acknowledgement, initial) - 1
  if (taken > 0) return `listener answers and takes ${taken} bytes, accept() can return`
  if (sides.marks[receiver]! & SIDE_SYN_DATA)
    return 'listener answers but leaves the data: to be sent again; connection in SYN queue'
  return 'listener answers, connection in SYN queue'
}

/** Nanoseconds; `null` where a step is missing or one that was sent twice makes it ambiguous (Karn). */
export interface HandshakeTimes {
  /** SYN to SYN+ACK. */
  readonly server: number | null
  /** SYN+ACK to third ACK. */
  readonly client: number | null
  readonly total: number | null
}

export function handshakeTimes(table: FlowTable, row: number): HandshakeTimes {
  const { columns, sides } = table
  const syn = columns.synTime[row]!
  const synAck = columns.synAckTime[row]!
  const ack = columns.ackTime[row]!
  const client = row * 2 + columns.client[row]!
  const server = client ^ 1
  const synAcks = sides.synAckCount[server]! + sides.synAckCount[client]!
  const oneSyn = sides.synCount[client] === 1
  const oneSynAck = synAcks === 1
  const marks = columns.marks[row]!
  const complete = (marks & (FLOW_ESTABLISHED | FLOW_LATE_THIRD_ACK)) === FLOW_ESTABLISHED
  // When both dial there is no one server whose answer could be timed.
  if (marks & FLOW_SIMULTANEOUS_OPEN)
    return { server: null, client: null, total: complete && oneSyn ? ack - columns.start[row]! : null }
  return {
    server: oneSyn && oneSynAck ? synAck - syn : null,
    client: oneSynAck && complete ? ack - synAck : null,
    total: oneSyn && oneSynAck && complete ? ack - syn : null,
  }
}

/** Options offered on a side's SYN or SYN+ACK; `undefined` when neither was seen. */
export function handshakeOptions(table: FlowTable, side: number): HandshakeOptions | undefined {
  const { sides } = table
  if (sides.synCount[side] === 0 && sides.synAckCount[side] === 0) return undefined
  const bits = sides.options[side]!
  const offer = sides.scaleOffer[side]!
  return {
    ...(bits & OPTION_MSS ? { mss: sides.mss[side]! } : {}),
    ...(offer > 0 ? { window_scale: offer - 1 } : {}),
    ...(bits & OPTION_SACK_PERMITTED ? { sack_permitted: true as const } : {}),
    ...(bits & OPTION_TIMESTAMPS ? { timestamps: true as const } : {}),
    ...(bits & OPTION_FAST_OPEN_REQUEST ? { fast_open: 'request' as const } : {}),
    ...(bits & OPTION_FAST_OPEN_COOKIE ? { fast_open: 'cookie' as const } : {}),
    ...(bits & OPTION_MPTCP_CAPABLE ? { mptcp: 'capable' as const } : {}),
    ...(bits & OPTION_MPTCP_JOIN ? { mptcp: 'join' as const } : {}),
    ...(bits & OPTION_ECN ? { ecn: true as const } : {}),
  }
}
