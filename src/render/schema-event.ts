import type {
  CloseEvent,
  ConditionEvent,
  DropEvent,
  DupAckEvent,
  FlowEvent,
  HandshakeEvent,
  HandshakeOptions,
  IcmpErrorEvent,
  MismatchEvent,
  ResetEvent,
  StateEvent,
  TcpState,
  Transition,
} from '../flow/event.ts'
import type { ProcessRef } from '../process-ref.ts'
import {
  constant,
  count,
  number,
  objectOf,
  orNull,
  refTo,
  type Schema,
  text,
  time,
  wordOf,
} from './json-schema.ts'

/** An event as it is printed: its moment is written out. */
type Printed<Event> = Omit<Event, 'at'> & { readonly time: string; readonly ts: number }

type Sender = NonNullable<FlowEvent['process']>

const tcpState = wordOf<TcpState>({
  CLOSED: true,
  LISTEN: true,
  SYN_SENT: true,
  SYN_RECV: true,
  ESTABLISHED: true,
  FIN_WAIT1: true,
  FIN_WAIT2: true,
  CLOSING: true,
  TIME_WAIT: true,
  CLOSE_WAIT: true,
  LAST_ACK: true,
})

const handshakeOptions = objectOf<HandshakeOptions>(
  {},
  {
    mss: count,
    window_scale: count,
    sack_permitted: constant(true),
    timestamps: constant(true),
    fast_open: { enum: ['request', 'cookie'] },
    mptcp: { enum: ['capable', 'join'] },
    ecn: constant(true),
  },
)

const transitionParts = { endpoint: refTo('side'), from: refTo('tcp_state'), to: refTo('tcp_state') }

const withoutFlow = {
  type: constant('event'),
  time,
  ts: number,
  proto: refTo('proto'),
  src: refTo('endpoint'),
  dst: refTo('endpoint'),
  sender: refTo('side'),
  text,
}
const required = { ...withoutFlow, flow: count }
const optional = { packet: count, iface: text, process: refTo('sender') }
const segment = { ...required, flags: text, seq: count, ack: count, len: count, win: count }

const CONDITIONS = {
  retransmission: true,
  fast_retransmission: true,
  spurious_retransmission: true,
  out_of_order: true,
  lost_segment: true,
  acked_unseen: true,
  zero_window: true,
  zero_window_probe: true,
  zero_window_probe_ack: true,
  window_update: true,
  window_full: true,
  keep_alive: true,
  keep_alive_ack: true,
  port_reused: true,
} as const
const conditions = wordOf<ConditionEvent['event']>(CONDITIONS)

/** What a packet is said to be; the others belong to a flow. */
const eventName = wordOf<Exclude<FlowEvent['event'], 'state' | 'drop' | 'mismatch'>>({
  ...CONDITIONS,
  handshake: true,
  close: true,
  reset: true,
  dup_ack: true,
  icmp_error: true,
})

/** One schema for each kind of event; `Record` makes the compiler miss the one that is forgotten. */
const KINDS: Readonly<Record<Exclude<FlowEvent['event'], ConditionEvent['event']> | 'condition', Schema>> = {
  handshake: objectOf<Printed<HandshakeEvent>>(
    { ...segment, event: constant('handshake'), step: { enum: [1, 2, 3] }, of: constant(3) },
    { ...optional, rtt_ms: number, options: refTo('handshake_options'), transition: refTo('transition') },
  ),
  close: objectOf<Printed<CloseEvent>>(
    { ...segment, event: constant('close'), step: { enum: [1, 2, 3, 4] }, of: constant(4) },
    { ...optional, combined: constant(true), transition: refTo('transition') },
  ),
  reset: objectOf<Printed<ResetEvent>>(
    { ...segment, event: constant('reset'), ttl: count },
    { ...optional, transition: refTo('transition') },
  ),
  state: objectOf<Printed<StateEvent>>(
    { ...required, event: constant('state'), ...transitionParts },
    optional,
  ),
  condition: objectOf<Printed<ConditionEvent>>({ ...segment, event: conditions }, optional),
  dup_ack: objectOf<Printed<DupAckEvent>>({ ...segment, event: constant('dup_ack'), n: count }, optional),
  icmp_error: objectOf<Printed<IcmpErrorEvent>>(
    {
      ...required,
      event: constant('icmp_error'),
      icmp_type: count,
      icmp_code: count,
      icmp_name: text,
      from: text,
    },
    { ...optional, error: text },
  ),
  drop: objectOf<Printed<DropEvent>>(
    { ...required, event: constant('drop'), reason: text, location: orNull(text) },
    { ...optional, flags: text },
  ),
  mismatch: objectOf<Printed<MismatchEvent>>(
    {
      ...withoutFlow,
      event: constant('mismatch'),
      wire_state: objectOf<MismatchEvent['wire_state']>(
        { client: refTo('tcp_state'), server: refTo('tcp_state') },
        {},
      ),
      kernel_state: objectOf<MismatchEvent['kernel_state']>({}, { client: text, server: text }),
    },
    { ...optional, flow: count },
  ),
}

/** The parts of the schema that events are made of, and `event` itself. */
export const eventDefinitions: Readonly<Record<string, Schema>> = {
  tcp_state: tcpState,
  handshake_options: handshakeOptions,
  transition: objectOf<Transition>(transitionParts, {}),
  sender: objectOf<Sender>({ pid: count, comm: orNull(text), attribution: refTo('attribution') }, {}),
  attribution: wordOf<ProcessRef['attribution']>({ tracepoint: true, socket: true, procfs: true }),
  event: { oneOf: Object.values(KINDS) },
  event_name: eventName,
}
