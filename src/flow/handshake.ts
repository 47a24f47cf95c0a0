import { diff } from '../wire/seq.ts'
import { durationText, type EventScope, segmentBase, transition } from './annotation.ts'
import type { HandshakeEvent, HandshakeOptions } from './event.ts'
import type { FlowView } from './flow-view.ts'
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
import type { SideView } from './side-view.ts'
import { CLOSED, LISTEN } from './tcp-state.ts'
import { NANOS_PER_MS } from './time.ts'

/** The handshake's event for a segment with STEP_SYN, STEP_SYN_ACK or STEP_THIRD_ACK. */
export function handshakeEvent(scope: EventScope, segment: Segment): HandshakeEvent {
  const { flow, sender, steps } = segment
  const simultaneous = (flow.marks & FLOW_SIMULTANEOUS_OPEN) !== 0
  const base = { ...segmentBase(scope, segment), event: 'handshake' as const, of: 3 as const }
  // Who dials as well was no listener.
  const from = simultaneous && segment.senderFrom === LISTEN ? CLOSED : segment.senderFrom
  const moved = transition(sender, from, segment.senderTo)

  if (steps & STEP_SYN) {
    const text = simultaneous ? 'connect() on the other side too: simultaneous open' : synText(segment)
    return { ...base, step: 1, options: handshakeOptions(sender)!, transition: moved, text }
  }
  const times = handshakeTimes(flow)
  if (steps & STEP_SYN_ACK) {
    return {
      ...base,
      step: 2,
      ...(times.server === null ? {} : { rtt_ms: times.server / NANOS_PER_MS }),
      options: handshakeOptions(sender)!,
      transition: moved,
      text: simultaneous ? 'both dialled: the SYN is answered, no listener involved' : synAckText(segment),
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

function synText(segment: Segment): string {
  if (segment.length > 0)
    return `connect() sends SYN with ${segment.length} bytes of data (Fast Open), client waits`
  if (segment.sender.options & OPTION_FAST_OPEN_REQUEST)
    return 'connect() sends SYN and asks for a Fast Open cookie, client waits'
  return 'connect() sends SYN, client waits'
}

/** Data in the SYN is taken when the SYN+ACK covers it, and has to be sent again when not (RFC 7413 section 4.2). */
function synAckText(segment: Segment): string {
  const { receiver } = segment
  const initial = receiver.initial
  const taken = diff(segment.acknowledgement, initial) - 1
  if (taken > 0) return `listener answers and takes ${taken} bytes, accept() can return`
  if (receiver.marks & SIDE_SYN_DATA)
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

export function handshakeTimes(flow: FlowView): HandshakeTimes {
  const syn = flow.synTime
  const synAck = flow.synAckTime
  const ack = flow.ackTime
  const client = flow.side(flow.client)
  const server = client.peer
  const synAcks = server.synAckCount + client.synAckCount
  const oneSyn = client.synCount === 1
  const oneSynAck = synAcks === 1
  const marks = flow.marks
  const complete = (marks & (FLOW_ESTABLISHED | FLOW_LATE_THIRD_ACK)) === FLOW_ESTABLISHED
  // When both dial there is no one server whose answer could be timed.
  if (marks & FLOW_SIMULTANEOUS_OPEN)
    return { server: null, client: null, total: complete && oneSyn ? ack - flow.start : null }
  return {
    server: oneSyn && oneSynAck ? synAck - syn : null,
    client: oneSynAck && complete ? ack - synAck : null,
    total: oneSyn && oneSynAck && complete ? ack - syn : null,
  }
}

/** Options offered on a side's SYN or SYN+ACK; `undefined` when neither was seen. */
export function handshakeOptions(side: SideView): HandshakeOptions | undefined {
  if (side.synCount === 0 && side.synAckCount === 0) return undefined
  const bits = side.options
  const offer = side.scaleOffer
  return {
    ...(bits & OPTION_MSS ? { mss: side.mss } : {}),
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
