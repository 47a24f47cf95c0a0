import type { Endpoint, FlowEvent, Side } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import { NANOS_PER_SECOND } from '../flow/time.ts'
import type { ProcessRef } from '../process-ref.ts'

/** Who can say which process is at an end of a connection: `host/owners.ts`. */
export interface OwnerLookup {
  find(
    proto: 'tcp' | 'udp',
    local: Endpoint,
    remote: Endpoint,
    role: Side,
    epochNanos: number,
  ): ProcessRef | undefined
}

type Ends = Partial<Record<Side, ProcessRef>>

/** Only flows with one of these processes at either end are shown; empty sets choose nothing. */
export interface ProcessChoice {
  readonly pids: ReadonlySet<number>
  readonly comms: ReadonlySet<string>
}

/**
 * Puts processes into events and flow records, and says which flows the user chose by process.
 * What was found for a flow is kept until its record is given; what was not is asked again with its next event.
 */
export class FlowProcesses {
  /** Epoch seconds of the trace's origin. */
  originSeconds = 0
  readonly #lookup: OwnerLookup
  readonly #choice: ProcessChoice | undefined
  readonly #flows = new Map<number, Ends>()

  constructor(lookup: OwnerLookup, choice: ProcessChoice | undefined) {
    this.#lookup = lookup
    this.#choice = choice
  }

  /** Fills in the sender; false when the flow is not one of the chosen processes'. */
  event(event: FlowEvent): boolean {
    const client = event.sender === 'client' ? event.src : event.dst
    const server = event.sender === 'client' ? event.dst : event.src
    const ends = this.#ends(event.flow, event.proto, client, server, event.at)
    const sender = ends[event.sender]
    if (sender !== undefined) {
      const { pid, comm, attribution } = sender
      event.process = { pid, comm, attribution }
    }
    return this.#chosen(ends)
  }

  /** Fills in both ends and forgets the flow; false when it is not one of the chosen processes'. */
  flow(flow: FlowRecord): boolean {
    const ends = this.#ends(flow.id, flow.proto, flow.client, flow.server, flow.start)
    if (ends.client !== undefined || ends.server !== undefined) flow.process = ends
    this.#flows.delete(flow.id)
    return this.#chosen(ends)
  }

  #ends(id: number, proto: FlowRecord['proto'], client: Endpoint, server: Endpoint, at: number): Ends {
    let ends = this.#flows.get(id)
    if (ends === undefined) {
      ends = {}
      this.#flows.set(id, ends)
    }
    if (proto !== 'icmp') {
      const epoch = this.originSeconds * NANOS_PER_SECOND + at
      if (ends.client === undefined)
        add(ends, 'client', this.#lookup.find(proto, client, server, 'client', epoch))
      if (ends.server === undefined)
        add(ends, 'server', this.#lookup.find(proto, server, client, 'server', epoch))
    }
    return ends
  }

  #chosen(ends: Ends): boolean {
    const choice = this.#choice
    if (choice === undefined) return true
    const matches = (process: ProcessRef | undefined): boolean =>
      process !== undefined && (choice.pids.has(process.pid) || choice.comms.has(process.comm ?? ''))
    return matches(ends.client) || matches(ends.server)
  }
}

function add(ends: Ends, side: Side, process: ProcessRef | undefined): void {
  if (process !== undefined) ends[side] = process
}
