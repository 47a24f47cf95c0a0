import type { Verdict } from '../../diagnose/verdict.ts'
import type { Endpoint, FlowEvent, Side } from '../../flow/event.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { NANOS_PER_SECOND } from '../../flow/time.ts'
import type { TroubleSink } from '../../flow/trouble-sink.ts'
import type { ProcessRef } from '../../process-ref.ts'
import { formatAddress } from '../../wire/address.ts'
import type { PacketStack } from '../../wire/stack.ts'

/** Who can say which process is at an end of a connection: `host/sockets/owners.ts`. */
export interface OwnerLookup {
  find(
    proto: 'tcp' | 'udp',
    local: Endpoint,
    remote: Endpoint,
    role: Side,
    epochNanos: number,
  ): ProcessRef | undefined
}

/** UDP has no events to ask with: its first packets do it, since a search in /proc may take more than one. */
const DATAGRAM_ASKS = 4

type Processes = Partial<Record<Side, ProcessRef>>

/** What is kept of a flow that has had an event, or a datagram. */
interface Ends {
  readonly client: Endpoint
  readonly server: Endpoint
  readonly processes: Processes
  /** Packets of a UDP flow that were asked with. */
  asks: number
  /** Once chosen it stays so: the number of a process may become another's. */
  isChosen: boolean
}

/** Only flows with one of these processes at either end are shown; empty sets choose nothing. */
export interface ProcessChoice {
  readonly pids: Pick<ReadonlySet<number>, 'has'>
  readonly comms: ReadonlySet<string>
  /** Whether it is in one of the containers that were chosen. */
  readonly isContained?: (process: ProcessRef) => boolean
}

/**
 * Puts processes into events and flow records, and says which flows the user chose by process.
 * What was found for a flow is kept until its record is given; what was not is asked again with its next event.
 */
export class FlowProcesses {
  /** Epoch seconds of the trace's origin. */
  originSeconds = 0
  /** Flows left out though they may be a chosen process's: of neither end it was known. */
  unowned = 0
  readonly #lookup: OwnerLookup
  readonly #choice: ProcessChoice | undefined
  readonly #flows = new Map<number, Ends>()

  constructor(lookup: OwnerLookup, choice: ProcessChoice | undefined) {
    this.#lookup = lookup
    this.#choice = choice
  }

  /** Some flows are left out: for that the record of each is needed. */
  get chooses(): boolean {
    return this.#choice !== undefined
  }

  /** Fills in the sender; false when the flow is not one of the chosen processes'. */
  event(event: FlowEvent): boolean {
    const client = event.sender === 'client' ? event.src : event.dst
    const server = event.sender === 'client' ? event.dst : event.src
    const { flow, proto, at } = event
    const ends =
      flow === undefined
        ? this.#asked(proto, client, server, at)
        : this.#ends(flow, proto, client, server, at)
    const sender = ends.processes[event.sender]
    if (sender !== undefined) {
      const { pid, comm, attribution } = sender
      event.process = { pid, comm, attribution }
    }
    return this.#chosen(ends)
  }

  /** Finds the processes of UDP flow `id` while its packet is young: they cannot be told afterwards. */
  datagram(id: number, stack: PacketStack, isFromClient: boolean, at: number): void {
    const known = this.#flows.get(id)
    if (known !== undefined) {
      const { client, server, processes } = known
      if (known.asks++ < DATAGRAM_ASKS) this.#askBoth(processes, 'udp', client, server, at)
      return
    }
    const source = { addr: formatAddress(stack.family, stack.source), port: stack.sourcePort }
    const destination = { addr: formatAddress(stack.family, stack.destination), port: stack.destinationPort }
    const [client, server] = isFromClient ? [source, destination] : [destination, source]
    this.#ends(id, 'udp', client, server, at).asks = 1
  }

  /** Fills in both ends and forgets the flow; false when it is not one of the chosen processes'. */
  flow(flow: FlowRecord): boolean {
    const ends = this.#ends(flow.id, flow.proto, flow.client, flow.server, flow.start)
    if (ends.processes.client !== undefined || ends.processes.server !== undefined)
      flow.process = ends.processes
    else if (this.#choice !== undefined) this.unowned += 1
    this.#flows.delete(flow.id)
    return this.#chosen(ends)
  }

  /** Before `trouble`, where nobody takes records: flows that end are forgotten. */
  forgetting(trouble?: TroubleSink): TroubleSink {
    return {
      segment: (segment, before) => trouble?.segment(segment, before),
      icmp: (quoted, time, message, meaning, effect) => trouble?.icmp(quoted, time, message, meaning, effect),
      datagram: (quoted, time, message, meaning) => trouble?.datagram(quoted, time, message, meaning),
      look: (now) => trouble?.look(now),
      closed: (flow, now) => {
        trouble?.closed(flow, now)
        this.#flows.delete(flow.serial)
      },
    }
  }

  /** The process at the end of flow `id` that a packet comes from, as far as the flow's events made it known. */
  senderOf(id: number, sourcePort: number, sourceAddress: () => string): ProcessRef | undefined {
    const ends = this.#flows.get(id)
    if (ends === undefined) return undefined
    const { client, server, processes } = ends
    // Equal ports at both ends are rare: only then the address has to be written out.
    const isClient =
      client.port === server.port ? sourceAddress() === client.addr : sourcePort === client.port
    return isClient ? processes.client : processes.server
  }

  /** Whether flow `id` is one of the chosen processes', as far as its events made them known. */
  isChosen(id: number): boolean {
    const ends = this.#flows.get(id)
    return ends === undefined ? this.#choice === undefined : this.#chosen(ends)
  }

  /** Whether a verdict is of one of the chosen processes'. */
  choosesVerdict({ flow, process }: Verdict): boolean {
    if (this.#choice === undefined) return true
    const ends = flow === undefined ? undefined : this.#flows.get(flow)
    if (ends?.isChosen) return true
    return this.#matches(process?.client) || this.#matches(process?.server)
  }

  #matches(process: ProcessRef | undefined): boolean {
    const choice = this.#choice
    if (choice === undefined) return true
    if (process === undefined) return false
    if (choice.pids.has(process.pid) || choice.comms.has(process.comm ?? '')) return true
    return choice.isContained?.(process) === true
  }

  #ends(id: number, proto: FlowRecord['proto'], client: Endpoint, server: Endpoint, at: number): Ends {
    let ends = this.#flows.get(id)
    if (ends === undefined) {
      ends = this.#unasked(client, server)
      this.#flows.set(id, ends)
    }
    if (proto !== 'icmp') this.#askBoth(ends.processes, proto, client, server, at)
    return ends
  }

  /** Ends of an attempt without packets: nothing of them is kept. */
  #asked(proto: FlowRecord['proto'], client: Endpoint, server: Endpoint, at: number): Ends {
    const ends = this.#unasked(client, server)
    if (proto !== 'icmp') this.#askBoth(ends.processes, proto, client, server, at)
    return ends
  }

  #unasked(client: Endpoint, server: Endpoint): Ends {
    return { client, server, processes: {}, asks: 0, isChosen: this.#choice === undefined }
  }

  #askBoth(processes: Processes, proto: 'tcp' | 'udp', client: Endpoint, server: Endpoint, at: number): void {
    const epoch = this.originSeconds * NANOS_PER_SECOND + at
    this.#ask(processes, proto, client, server, 'client', epoch)
    this.#ask(processes, proto, server, client, 'server', epoch)
  }

  #ask(
    processes: Processes,
    proto: 'tcp' | 'udp',
    local: Endpoint,
    remote: Endpoint,
    side: Side,
    epoch: number,
  ): void {
    if (processes[side] !== undefined) return
    const process = this.#lookup.find(proto, local, remote, side, epoch)
    if (process !== undefined) processes[side] = process
  }

  #chosen(ends: Ends): boolean {
    const { client, server } = ends.processes
    ends.isChosen ||= this.#matches(client) || this.#matches(server)
    return ends.isChosen
  }
}
