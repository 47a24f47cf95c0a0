import type { Endpoint, FlowEvent, Side, TcpState } from '../../flow/event.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { MODERN_LADDER, rungs } from '../../flow/syn-ladder.ts'
import { Strip } from './strip.ts'

/** Events kept of one flow: a handshake, a close and the first and last of what went wrong between. */
const KEPT_FIRST = 24
const KEPT_LAST = 24

/** Stretches of payload kept of one flow; later ones are added to the last. */
const MAX_RUNS = 32

/** What one side sent without an event or the other side in between. `at` counts from the trace's origin. */
export interface Run {
  readonly at: number
  /** The latest of them. */
  until: number
  readonly side: Side
  packets: number
  bytes: number
}

/** Seconds after the first SYN at which it goes out again. */
const SYN_TIMES = rungs(MODERN_LADDER)

/** Both ends of a connection. */
export type Ends = Readonly<Record<Side, Endpoint>>

/** What the wire showed of one connection. Times are epoch milliseconds. */
export class FlowCard {
  readonly id: number
  readonly client: Endpoint
  readonly server: Endpoint
  readonly started: number
  readonly strip = new Strip()
  readonly states: Record<Side, TcpState | undefined> = { client: undefined, server: undefined }
  readonly bytes: Record<Side, number> = { client: 0, server: 0 }
  readonly processes: Partial<Record<Side, { readonly pid: number; readonly comm: string | null }>> = {}
  /** When the latest event came. */
  latest: number
  syns = 0
  retransmissions = 0
  /** An RST was seen. */
  reset = false
  /** SYN to third ACK. */
  rttMs: number | undefined
  /** Made when the flow ended. */
  record: FlowRecord | undefined
  readonly runs: Run[] = []
  #runEnded = false
  readonly #first: FlowEvent[] = []
  #last: FlowEvent[] = []
  /** Events that were not kept. */
  left = 0

  constructor(id: number, { client, server }: Ends, ms: number) {
    this.id = id
    this.client = client
    this.server = server
    this.started = ms
    this.latest = ms
  }

  event(event: FlowEvent, ms: number): void {
    this.latest = ms
    this.#runEnded = true
    this.#keep(event)
    this.strip.event(event)
    if (event.process !== undefined) this.processes[event.sender] = event.process
    if (event.event === 'state') {
      this.states[event.endpoint] = event.to
      return
    }
    if ('transition' in event && event.transition !== undefined)
      this.states[event.transition.endpoint] = event.transition.to
    if (event.event === 'reset') this.reset = true
    if (event.event === 'handshake') {
      if (event.step === 1) this.syns++
      if (event.step === 3 && event.rtt_ms !== undefined) this.rttMs = event.rtt_ms
    }
    if (event.event.endsWith('retransmission')) {
      this.retransmissions++
      if ('flags' in event && event.flags === 'S') this.syns++
    }
  }

  /** Payload of one packet; true when the strip looks different for it. */
  payload(side: Side, bytes: number, at: number): boolean {
    this.bytes[side] += bytes
    const last = this.runs.at(-1)
    const goes = last !== undefined && last.side === side && !this.#runEnded
    if (goes || (last !== undefined && this.runs.length >= MAX_RUNS)) {
      last.until = at
      last.packets++
      last.bytes += bytes
    } else this.runs.push({ at, until: at, side, packets: 1, bytes })
    this.#runEnded = false
    return this.strip.payload()
  }

  /** When the SYN goes out again, while nothing has answered it. */
  get nextSyn(): number | undefined {
    if (this.strip.handshakeSteps !== 1 || this.strip.failed || this.record !== undefined) return undefined
    const seconds = SYN_TIMES[Math.max(1, this.syns) - 1]
    return seconds === undefined ? undefined : this.started + seconds * 1000
  }

  get events(): readonly FlowEvent[] {
    return [...this.#first, ...this.#last]
  }

  #keep(event: FlowEvent): void {
    if (event.event === 'state') return
    if (this.#first.length < KEPT_FIRST) this.#first.push(event)
    else {
      this.#last.push(event)
      if (this.#last.length > KEPT_LAST) {
        this.#last.shift()
        this.left++
      }
    }
  }
}
