import type { ConnState, FlowRecord, FlowSide, Handshake, Outcome, Rtt, Teardown } from '../flow/record.ts'
import type { ProcessRef } from '../process-ref.ts'
import {
  constant,
  count,
  flag,
  number,
  objectOf,
  orNull,
  refTo,
  type Schema,
  text,
  time,
  wordOf,
} from './json-schema.ts'
import type { Stamp } from './time.ts'

type Printed = Omit<FlowRecord, 'start' | 'end'> & Stamp & { readonly start: string; readonly end: string }

const outcome = wordOf<Outcome>({
  established: true,
  closed: true,
  reset: true,
  refused: true,
  timeout: true,
  unreachable: true,
  superseded: true,
  incomplete: true,
  midstream: true,
})

const connState = wordOf<ConnState>({
  S0: true,
  S1: true,
  SF: true,
  REJ: true,
  S2: true,
  S3: true,
  RSTO: true,
  RSTR: true,
  RSTOS0: true,
  RSTRH: true,
  SH: true,
  SHR: true,
  OTH: true,
})

const side = objectOf<FlowSide>(
  {
    addr: text,
    port: count,
    packets: count,
    bytes: count,
    wire_bytes: count,
    retransmissions: count,
    fast_retransmissions: count,
    spurious_retransmissions: count,
    out_of_order: count,
    lost_segments: count,
    dup_acks: count,
    zero_windows: count,
    window_fulls: count,
    keep_alives: count,
    resets: count,
    rexmt_packets: count,
    rexmt_bytes: count,
    unique_bytes: count,
    max_window: count,
  },
  {
    name: text,
    rtt_ms: objectOf<Rtt>({ min: number, avg: number, max: number, stddev: number, samples: count }, {}),
    mss: count,
    window_scale: count,
  },
)

const handshake = objectOf<Handshake>(
  {
    complete: flag,
    rtt_ms: orNull(number),
    client_rtt_ms: orNull(number),
    server_rtt_ms: orNull(number),
    syn_count: count,
    syn_ack_count: count,
  },
  { client_options: refTo('handshake_options'), server_options: refTo('handshake_options') },
)

const teardown = objectOf<Teardown>(
  {
    kind: wordOf<Teardown['kind']>({
      four_way: true,
      three_way: true,
      simultaneous: true,
      reset: true,
      half_close: true,
      none: true,
    }),
    initiator: orNull(refTo('side')),
  },
  {},
)

const process = objectOf<ProcessRef>(
  { pid: count, comm: orNull(text), attribution: refTo('attribution') },
  { exe: text, cmdline: text, user: text, container: text },
)

const flow = objectOf<Printed>(
  {
    type: constant('flow'),
    // When it ended.
    time,
    ts: number,
    start: time,
    end: time,
    id: count,
    proto: refTo('proto'),
    community_id: text,
    client: refTo('flow_side'),
    server: refTo('flow_side'),
    duration_ms: number,
    conn_state: connState,
    history: text,
    outcome,
    missed_bytes: count,
    midstream: flag,
  },
  {
    netns: count,
    wire_state: objectOf<NonNullable<FlowRecord['wire_state']>>(
      { client: refTo('tcp_state'), server: refTo('tcp_state') },
      {},
    ),
    kernel_state: objectOf<NonNullable<FlowRecord['kernel_state']>>({}, { client: text, server: text }),
    handshake: refTo('handshake'),
    teardown,
    process: objectOf<NonNullable<FlowRecord['process']>>(
      {},
      { client: refTo('process'), server: refTo('process') },
    ),
    verdict: refTo('verdict_name'),
  },
)

/** The parts of the schema that flow records are made of, and `flow` itself. */
export const flowDefinitions: Readonly<Record<string, Schema>> = {
  outcome,
  flow_side: side,
  handshake,
  process,
  flow,
}
