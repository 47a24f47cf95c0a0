import { flagsText } from '../wire/tcp-flags.ts'
import { type EventScope, endpoint, flowBase, role } from './annotation.ts'
import type {
  CloseEvent,
  ConditionEvent,
  FlowEvent,
  HandshakeEvent,
  StateEvent,
  Transition,
} from './event.ts'
import type { EventView } from './event-view.ts'
import { handshakeOptions } from './handshake-options.ts'
import type { Mutable } from './mutable.ts'
import type { Segment } from './segment.ts'
import { NANOS_PER_MS } from './time.ts'

/** What all events of segments but `state` have. */
type Base<Name> = Mutable<Omit<ConditionEvent, 'event'>> & { readonly event: Name; transition?: Transition }

/** The event at hand, about the segment at hand, as an object. `text` is its sentence. */
export function makeEvent(scope: EventScope, segment: Segment, told: EventView, text: string): FlowEvent {
  const { name } = told
  switch (name) {
    case 'state':
      return stateEvent(scope, segment, told, text)
    case 'handshake':
      return handshakeEvent(base(scope, segment, name, told, text), segment, told)
    case 'close':
      return closeEvent(base(scope, segment, name, told, text), told)
    case 'reset':
      return Object.assign(base(scope, segment, name, told, text), { ttl: segment.ttl })
    case 'dup_ack':
      return Object.assign(base(scope, segment, name, told, text), { n: segment.sender.dupAcks })
    default:
      return base(scope, segment, name, told, text)
  }
}

function base<Name>(
  scope: EventScope,
  segment: Segment,
  event: Name,
  { transition }: EventView,
  text: string,
): Base<Name> {
  const { flow, sender } = segment
  const made: Base<Name> = {
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
  if (transition !== undefined) made.transition = transition
  return made
}

function handshakeEvent(base: Base<'handshake'>, segment: Segment, told: EventView): HandshakeEvent {
  const { nanos } = told
  const event = base as Mutable<HandshakeEvent>
  event.of = 3
  event.step = told.step as HandshakeEvent['step']
  if (!Number.isNaN(nanos)) event.rtt_ms = nanos / NANOS_PER_MS
  if (event.step < 3) event.options = handshakeOptions(segment.sender)!
  return event
}

function closeEvent(base: Base<'close'>, told: EventView): CloseEvent {
  const event = base as Mutable<CloseEvent>
  event.of = 4
  event.step = told.step as CloseEvent['step']
  if (told.isCombined) event.combined = true
  return event
}

function stateEvent(scope: EventScope, segment: Segment, told: EventView, text: string): StateEvent {
  const { flow, sender, time, packet, iface } = segment
  const base = flowBase(scope, flow, sender.direction, time, packet, iface)
  return { ...base, event: 'state', ...told.transition!, text }
}
