import { diff } from '../wire/seq.ts'
import { durationText, type EventScope, segmentEvent, transition } from './annotation.ts'
import type { HandshakeEvent, HandshakeOptions, Transition } from './event.ts'
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
import type { Mutable } from './mutable.ts'
import type { Segment } from './segment.ts'
import type { SideView } from './side-view.ts'
import { CLOSED, LISTEN } from './state-numbers.ts'
import { STEP_SYN, STEP_SYN_ACK } from './steps.ts'
import { NANOS_PER_MS } from './time.ts'

/** The handshake's event for a segment with STEP_SYN, STEP_SYN_ACK or STEP_THIRD_ACK. */
export function handshakeEvent(scope: EventScope, segment: Segment): HandshakeEvent {
  const { flow, sender, steps } = segment
  const simultaneous = (flow.marks & FLOW_SIMULTANEOUS_OPEN) !== 0
  // Who dials as well was no listener.
  const from = simultaneous && segment.senderFrom === LISTEN ? CLOSED : segment.senderFrom
  const moved = transition(sender, from, segment.senderTo)

  if (steps & STEP_SYN) {
    const text = simultaneous ? 'connect() on the other side too: simultaneous open' : synText(segment)
    return stepEvent(scope, segment, 1, moved, null, text)
  }
  const times = handshakeTimes(flow)
  if (steps & STEP_SYN_ACK) {
    const text = simultaneous
      ? 'both dialled: the SYN is answered, no listener involved'
      : synAckText(segment)
    return stepEvent(scope, segment, 2, moved, times.server, text)
  }
  const returned = simultaneous ? 'both connect() returned' : 'connect() returned, accept() can return'
  const text = times.total === null ? returned : `${returned}; ${durationText(times.total)}`
  return stepEvent(scope, segment, 3, moved, times.total, text)
}

/** `nanos` is what the step took, `null` where that is not known. */
function stepEvent(
  scope: EventScope,
  segment: Segment,
  step: 1 | 2 | 3,
  moved: Transition,
  nanos: number | null,
  text: string,
): HandshakeEvent {
  const event = segmentEvent(scope, segment, 'handshake', text) as Mutable<HandshakeEvent>
  event.of = 3
  event.step = step
  event.transition = moved
  if (nanos !== null) event.rtt_ms = nanos / NANOS_PER_MS
  if (step < 3) event.options = handshakeOptions(segment.sender)!
  return event
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
    return { server: null, client: null, total: complete && oneSyn ? elapsed(flow.start, ack) : null }
  return {
    server: oneSyn && oneSynAck ? elapsed(syn, synAck) : null,
    client: oneSynAck && complete ? elapsed(synAck, ack) : null,
    total: oneSyn && oneSynAck && complete ? elapsed(syn, ack) : null,
  }
}

/** A capture's clock can be set back: then nobody knows how long it took. */
function elapsed(from: number, to: number): number | null {
  return to < from ? null : to - from
}

/** Options offered on a side's SYN or SYN+ACK; `undefined` when neither was seen. */
export function handshakeOptions(side: SideView): HandshakeOptions | undefined {
  if (side.synCount === 0 && side.synAckCount === 0) return undefined
  const bits = side.options
  const offer = side.scaleOffer
  const options: Mutable<HandshakeOptions> = {}
  if (bits & OPTION_MSS) options.mss = side.mss
  if (offer > 0) options.window_scale = offer - 1
  if (bits & OPTION_SACK_PERMITTED) options.sack_permitted = true
  if (bits & OPTION_TIMESTAMPS) options.timestamps = true
  if (bits & OPTION_FAST_OPEN_REQUEST) options.fast_open = 'request'
  if (bits & OPTION_FAST_OPEN_COOKIE) options.fast_open = 'cookie'
  if (bits & OPTION_MPTCP_CAPABLE) options.mptcp = 'capable'
  if (bits & OPTION_MPTCP_JOIN) options.mptcp = 'join'
  if (bits & OPTION_ECN) options.ecn = true
  return options
}
