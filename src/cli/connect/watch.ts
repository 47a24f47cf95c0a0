import type { PacketBatch } from '../../capture/batch.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import type { Endpoint, FlowEvent, HandshakeOptions } from '../../flow/event.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import type { ProcessRef } from '../../process-ref.ts'
import { LadderRows, ladderDrop } from '../../render/ladder-model.ts'
import type { TraceClock } from '../../render/time.ts'
import type { Frame } from '../../wire/frame.ts'
import type { PacketStack } from '../../wire/stack.ts'
import { ladderStep } from '../analysis/ladder-step.ts'
import type { PacketSink } from '../analysis/pump.ts'
import type { View, ViewParts } from '../analysis/view.ts'

/** What is told of a connection after its attempt was printed comes within this, ms. */
const LATE_MS = 5000

/** libpcap hands packets over after a second. */
const DELIVERY_MS = 2500

/** What a capture showed of one attempt. */
export class Seen {
  readonly rows = new LadderRows()
  readonly client: Endpoint | undefined
  readonly server: Endpoint
  flow: number | undefined
  syns = 0
  rttMs: number | undefined
  clientOptions: HandshakeOptions | undefined
  serverOptions: HandshakeOptions | undefined
  serverProcess: Pick<ProcessRef, 'pid' | 'comm' | 'attribution'> | undefined
  /** The latest. */
  verdict: Verdict | undefined
  /** We closed it ourselves while it waited: what is said of it from then on is not final. */
  gaveUp = false
  /** When it was printed, `performance.now()`. */
  printed = Number.POSITIVE_INFINITY

  constructor(client: Endpoint | undefined, server: Endpoint) {
    this.client = client
    this.server = server
  }
}

/** Follows the connections that `connect` makes through the analysis. */
export class ConnectWatch implements View, PacketSink {
  readonly packets = this
  /** By local port and server; a port can be used again within a series. */
  #attempts: Seen[] = []
  readonly #events: FlowEvent[] = []
  /** Is told verdicts that come when their attempt was printed already. */
  readonly #late: (seen: Seen) => void
  #parts: ViewParts | undefined

  constructor(late: (seen: Seen) => void) {
    this.#late = late
  }

  open(parts: ViewParts): View {
    this.#parts = parts
    return this
  }

  /** That of the capture, from whose origin verdicts count; `undefined` without a capture. */
  get clock(): TraceClock | undefined {
    return this.#parts?.clock
  }

  /** Packets are watched. */
  get isOpen(): boolean {
    return this.#parts !== undefined
  }

  /** How much later than others packets come that have the time at which they were read, ms. */
  get lateMs(): number {
    return this.#parts?.source.engine === 'cap' ? DELIVERY_MS : 0
  }

  /** From now on packets between these ends are of this attempt; those of long ago are forgotten. */
  expect(client: Endpoint | undefined, server: Endpoint): Seen {
    const now = performance.now()
    this.#attempts = this.#attempts.filter(({ printed }) => now - printed <= LATE_MS)
    const seen = new Seen(client, server)
    this.#attempts.push(seen)
    return seen
  }

  /** Nothing more of this attempt is of interest. */
  forget(seen: Seen): void {
    this.#attempts = this.#attempts.filter((other) => other !== seen)
  }

  event(event: FlowEvent): void {
    const isFromClient = event.sender === 'client'
    const [client, server] = isFromClient ? [event.src, event.dst] : [event.dst, event.src]
    const seen = this.#find(client, server)
    if (seen === undefined) return
    if (event.flow === undefined) return
    seen.flow = event.flow
    if (!isFromClient && event.process !== undefined && event.event !== 'icmp_error')
      seen.serverProcess = event.process
    if (event.event === 'handshake') {
      if (event.step === 1) seen.clientOptions = event.options
      if (event.step === 2) {
        seen.serverOptions = event.options
        seen.rttMs = event.rtt_ms
      }
    }
    if (event.event === 'drop') seen.rows.drop(ladderDrop(event))
    else if (event.event !== 'state') this.#events.push(event)
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    const { tracker } = this.#parts!
    const id = row === NO_FLOW ? undefined : tracker().idOf(row)
    const seen = id === undefined ? undefined : this.#attempts.findLast(({ flow }) => flow === id)
    if (seen !== undefined) {
      const step = ladderStep(tracker(), this.#events, batch.time[index]!, stack, row)
      seen.rows.add(step)
      if (step.fromClient && step.what === '[S]') seen.syns += 1
    }
    this.#events.length = 0
  }

  verdict(verdict: Verdict): void {
    const seen = this.#find(verdict.client, verdict.server)
    if (seen === undefined) return
    const before = seen.verdict
    if (seen.gaveUp && before !== undefined) return
    seen.verdict = seen.gaveUp ? { ...verdict, final: false } : verdict
    if (before?.verdict !== verdict.verdict || before.final !== verdict.final) this.#late(seen)
  }

  /** Whether one of the attempts went from `client` to `server`. */
  has(client: Endpoint, server: Endpoint): boolean {
    return this.#find(client, server) !== undefined
  }

  #find(client: Endpoint, server: Endpoint): Seen | undefined {
    return this.#attempts.findLast(
      (seen) =>
        seen.server.port === server.port &&
        seen.server.addr === server.addr &&
        (seen.client === undefined
          ? client.port === 0
          : seen.client.port === client.port && seen.client.addr === client.addr),
    )
  }
}
