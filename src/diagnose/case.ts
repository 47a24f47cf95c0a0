import { endpoint } from '../flow/annotation.ts'
import type { Endpoint } from '../flow/event.ts'
import { NO_FLOW } from '../flow/flow-id.ts'
import type { FlowView } from '../flow/flow-view.ts'
import { FLOW_MIDSTREAM } from '../flow/marks.ts'
import type { Nanos } from '../flow/time.ts'
import { formatAddress } from '../wire/address.ts'
import type { QuotedPacket } from '../wire/quoted-packet.ts'
import type { CounterSnapshot } from './counter-log.ts'
import type { KernelTrace } from './kernel-evidence.ts'
import type { Verdict } from './verdict.ts'
import { WireTrouble } from './wire-evidence.ts'

/** A case that has no flow yet. */
export const NO_ROW: number = NO_FLOW

export interface Ends {
  readonly client: Endpoint
  readonly server: Endpoint
}

/** One connection or attempt in trouble, from the first sign to its last verdict. */
export class Case {
  readonly proto: 'tcp' | 'udp'
  /** When the attempt began, as far as it was seen. */
  readonly start: Nanos
  readonly wire: WireTrouble = new WireTrouble()
  /** Row and serial of its flow, NO_ROW while no packet was seen. */
  row = NO_ROW
  serial = -1
  /** What the kernel told of it, and of no other connection between its ends. */
  trace: KernelTrace | undefined
  /** Of its ends, where only they tell which it is. */
  key: string | undefined
  /** When it is to be judged next. */
  due = Number.POSITIVE_INFINITY
  /** Counters before it. */
  before: CounterSnapshot | undefined
  given: Pick<Verdict, 'verdict' | 'final'> | undefined
  /** SYNs (and SYN+ACKs) when it was last judged for them. */
  judgedSyns = 0
  superseded = false
  /** When it failed, by whoever says it first. */
  failedAt: Nanos | undefined
  isMismatchTold = false
  #ends: Ends | undefined

  constructor(proto: 'tcp' | 'udp', start: Nanos, ends?: Ends) {
    this.proto = proto
    this.start = start
    this.#ends = ends
  }

  get isFinal(): boolean {
    return this.superseded || this.given?.final === true
  }

  /** The kernel told that `dialler` called connect(): of a flow without a SYN only the ports had told who is the client. */
  turnTo(dialler: Endpoint, flowAt: (row: number) => FlowView): void {
    const { client, server } = this.ends(flowAt)
    if (this.row === NO_ROW || !isSame(dialler, server)) return
    if (flowAt(this.row).marks & FLOW_MIDSTREAM) this.#ends = { client: server, server: client }
  }

  /** The ends are the other way round than its flow has them. */
  isTurned(flowAt: (row: number) => FlowView): boolean {
    if (this.row === NO_ROW) return false
    const flow = flowAt(this.row)
    return (
      (flow.marks & FLOW_MIDSTREAM) !== 0 && !isSame(endpoint(flow, flow.client), this.ends(flowAt).client)
    )
  }

  /** Its ends as text; those of its flow are written only once somebody asks. */
  ends(flowAt: (row: number) => FlowView): Ends {
    if (this.#ends !== undefined) return this.#ends
    const flow = flowAt(this.row)
    this.#ends = { client: endpoint(flow, flow.client), server: endpoint(flow, 1 - flow.client) }
    return this.#ends
  }
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.addr === b.addr
}

/** Those of a packet that an ICMP error quotes: its sender is the client. */
export function endsOf({ family, source, destination, sourcePort, destinationPort }: QuotedPacket): Ends {
  return {
    client: { addr: formatAddress(family, source), port: sourcePort },
    server: { addr: formatAddress(family, destination), port: destinationPort },
  }
}
