import type { Endpoint, Side } from '../flow/event.ts'
import type { FlowView } from '../flow/flow-view.ts'
import type { Mutable } from '../flow/mutable.ts'
import type { SynLadder } from '../flow/syn-ladder.ts'
import type { Nanos } from '../flow/time.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { SocketRecord } from '../sockets/socket.ts'
import type { SocketEvidence } from '../sockets/socket-evidence.ts'
import { type Case, type Ends, NO_ROW } from './case.ts'
import type { CounterLog } from './counter-log.ts'
import type { Evidence, KernelEvidence, KernelKind, Plane, WatchedWire, WireEvidence } from './evidence.ts'
import { otherSide } from './facts.ts'
import type { KernelTrace } from './kernel-evidence.ts'
import { LossLog } from './loss-log.ts'
import { isResetLost } from './losses.ts'
import type { ConnectionQuery, Planes } from './planes.ts'
import { kernelFacts, RECORDS_LOST } from './tell-kernel.ts'
import { turned } from './turned.ts'

interface GathererOptions {
  readonly planes: Planes
  readonly ladder: SynLadder
  /** The flow in a row: borrowed. */
  readonly flowAt: (row: number) => FlowView
  readonly lost?: () => number | undefined
}

/** The moment of judging. */
export interface Moment {
  readonly now: Nanos
  /** Nothing more will come of the connection, whatever the planes say. */
  readonly over: boolean
  /** The run ends. */
  readonly ending: boolean
}

const EVERY_KIND: readonly KernelKind[] = ['state', 'error', 'reset', 'retransmit', 'call', 'drop']

const NOWHERE: readonly number[] = []

/** What the kernel plane says of a connection of which it told nothing. */
const NO_KERNEL: Omit<KernelEvidence, 'counters'> = {
  states: {},
  netns: {},
  drops: [],
  retransmits: { client: 0, server: 0 },
  synAckRetransmits: 0,
}

/** Puts together what the four planes know about a case. */
export class EvidenceGatherer {
  /** Records of the kernel were lost until then: of connections that began before, its silence proves nothing. */
  lostAt = Number.NEGATIVE_INFINITY
  readonly #options: GathererOptions
  readonly #counters: CounterLog
  readonly #losses: LossLog

  constructor(options: GathererOptions, counters: CounterLog) {
    this.#options = options
    this.#counters = counters
    this.#losses = new LossLog(() => options.lost?.())
  }

  /** Reads what counts up, so that it can be told afterwards since when. */
  look(now: Nanos): void {
    this.#counters.look(now)
    this.#losses.look(now)
  }

  gather(found: Case, trace: KernelTrace | undefined, { now, over, ending }: Moment): Evidence {
    const { proto, serial, start } = found
    const { planes, flowAt } = this.#options
    if (trace?.dialler !== undefined) found.turnTo(trace.names[trace.dialler.end]!, flowAt)
    const ends = found.ends(flowAt)
    const { client, server } = ends
    const query: Mutable<ConnectionQuery> = {
      proto,
      client,
      server,
      start,
      now,
      netns: this.#netns(ends, trace),
    }
    if (serial >= 0) query.flow = serial
    const dialler = diallerOf(ends, trace)
    if (dialler !== undefined) query.dialler = dialler
    const here = planes.here(query)
    const ended = over || found.wire.isEnded || (trace !== undefined && (trace.isFailed || trace.isClosed))
    const socket = ownSockets(planes.socket(query), trace, ends)
    const wire = this.#wireEvidence(found)
    const evidence: Mutable<Evidence> = {
      proto,
      client,
      server,
      now,
      ended,
      here,
      process: withListener(planes.process(query), socket, trace, server),
      wire,
      socket,
      kernel: this.#kernelEvidence(found, trace, query, wire),
    }
    const own = ownOf(query, planes)
    if (own !== undefined) evidence.own = own
    if (!over && isUnnoticed(evidence)) evidence.ended = false
    if (ending && !evidence.ended) evidence.finishing = true
    return evidence
  }

  #wireEvidence(found: Case): Plane<WireEvidence> {
    const { flowAt, ladder, planes } = this.#options
    const { row, wire, start } = found
    if (!planes.wire.watched) return planes.wire
    const lost = this.#losses.since(start)
    const showed = row === NO_ROW ? wire.withoutFlow : wire.evidence(flowAt(row), ladder)
    const right: Mutable<WatchedWire> = found.isTurned(flowAt) ? { watched: true, ...turned(showed) } : showed
    if (lost > 0) right.lost = lost
    return right
  }

  /**
   * The kernel's word for each end; where it has told nothing of one, the namespace that has its address: that in
   * which one of its packets was dropped, else the only one.
   */
  #netns({ client, server }: Ends, trace: KernelTrace | undefined): Partial<Record<Side, number>> {
    const { planes } = this.#options
    const told = trace?.netns(client)
    const dropped = trace?.drops.flatMap((drop) => drop.netns ?? []) ?? NOWHERE
    const netnsOf = (side: Side, { addr }: Endpoint): number | undefined =>
      told?.[side] ?? dropped.find((drop) => planes.has(drop, addr)) ?? planes.netnsOf(addr)
    const netns: Partial<Record<Side, number>> = {}
    const ofClient = netnsOf('client', client)
    const ofServer = netnsOf('server', server)
    if (ofClient !== undefined) netns.client = ofClient
    if (ofServer !== undefined) netns.server = ofServer
    return netns
  }

  #kernelEvidence(
    found: Case,
    trace: KernelTrace | undefined,
    { netns, client }: ConnectionQuery,
    wire: Plane<WireEvidence>,
  ): Plane<KernelEvidence> {
    const { kernel } = this.#options.planes
    if (!kernel.watched) return kernel
    const counters = this.#counters.since(found.before, netns)
    const hasLost = found.start <= this.lostAt
    const unwatched = hasLost ? EVERY_KIND : kernel.unwatched
    const told = trace?.evidence(client, { netns, counters, unwatched }) ?? {
      ...NO_KERNEL,
      netns,
      counters,
      ...(unwatched && { unwatched }),
    }
    // Silence that proves nothing, and nothing else.
    if (hasLost && kernelFacts(told).length === 0) return { watched: false, why: RECORDS_LOST }
    return { watched: true, ...told, ...this.#resets(found, told, wire) }
  }

  /** What was told of resets in the namespace of each end, set against what that counted itself. */
  #resets(
    { before }: Case,
    { netns, counters, resetSent, resetReceived, error }: KernelEvidence,
    wire: Plane<WireEvidence>,
  ): Pick<KernelEvidence, 'aborts' | 'untold'> {
    const seen = wire.watched ? wire.reset?.at : undefined
    const told = (resetSent ?? resetReceived ?? error)?.at
    if ((told ?? seen) === undefined || before === undefined) return {}
    const at = (told ?? seen! - (this.#options.planes.lag ?? 0)) as Nanos
    const aborts: Partial<Record<Side, number>> = {}
    const untold: Partial<Record<Side, true>> = {}
    for (const side of ['client', 'server'] as const) {
      const inode = netns[side]
      if (inode === undefined) continue
      const { OutRsts = 0, ResetsTold = 0, AbortsTold = 0 } = counters[side] ?? {}
      const isTimely = counters[side] !== undefined && this.#counters.wasRead(inode, before, at)
      if (isTimely) aborts[side] = AbortsTold
      if (!isTimely || OutRsts > ResetsTold) untold[side] = true
    }
    return { aborts, untold }
  }
}

/**
 * A server whose connection is gone is who listens there, in the namespace where the kernel told of its socket: packets
 * that only pass by lead to no owner any more. Of several nobody is named.
 */
function withListener(
  processes: Evidence['process'],
  socket: Plane<SocketEvidence>,
  trace: KernelTrace | undefined,
  server: Endpoint,
): Evidence['process'] {
  if (!processes.watched || processes.server !== undefined || !socket.watched) return processes
  const end = trace?.ends[trace.indexOf(server)]
  if (end?.netns === undefined || (end.state ?? end.resetSent?.fact.state) == null) return processes
  const owners = socket.listeners
    .filter(({ sameNetns, accepts, younger }) => sameNetns && accepts && !younger)
    .map(({ process }) => process)
  const [owner] = owners
  const isOne = owner !== undefined && owners.every((other) => other?.pid === owner.pid)
  return isOne ? { ...processes, server: owner } : processes
}

/** The end came with an RST that its receiver never got. */
function isUnnoticed(evidence: Evidence): boolean {
  const reset = evidence.wire.watched ? evidence.wire.reset : undefined
  if (!evidence.ended || reset?.effect !== 'effective' || !isResetLost(evidence, reset.by)) return false
  const victim = otherSide(reset.by)
  const { kernel } = evidence
  // Its program may have closed it meanwhile, or one of the kernels given up.
  return !kernel.watched || (kernel.states[victim] !== 'CLOSE' && kernel.error === undefined)
}

/** Who called connect(), when that was the end that the packets have as client. */
function diallerOf({ client }: Ends, trace: KernelTrace | undefined): ProcessRef | undefined {
  const { end, pid, comm = null } = trace?.dialler ?? {}
  if (trace === undefined || pid === undefined || end !== trace.indexOf(client)) return undefined
  return { pid, comm, attribution: 'tracepoint' }
}

/** The end that is in the captured namespace, where only one is. */
function ownOf({ netns: { client, server } }: ConnectionQuery, { netns }: Planes): Side | undefined {
  if (netns === null || (client === netns) === (server === netns)) return undefined
  return client === netns ? 'client' : 'server'
}

/** A closed connection has these; any other socket between its ends is of the next one. */
const AFTER_CLOSE: ReadonlySet<string> = new Set(['TIME_WAIT', 'FIN_WAIT2'])

/** Without the sockets and rules of the connection that followed between the same ends. */
function ownSockets(
  found: Plane<SocketEvidence>,
  trace: KernelTrace | undefined,
  ends: Ends,
): Plane<SocketEvidence> {
  if (!found.watched || trace === undefined) return found
  const { client, server, ...rest } = found
  const isOwn = (socket: SocketRecord | undefined, end: Endpoint): socket is SocketRecord => {
    if (socket === undefined || trace.isFollowed) return false
    return trace.ends[trace.indexOf(end)]!.state !== 'CLOSE' || AFTER_CLOSE.has(socket.state)
  }
  return {
    ...rest,
    ...(isOwn(client, ends.client) && { client }),
    ...(isOwn(server, ends.server) && { server }),
    ...(trace.isFollowed &&
      !trace.drops.some(({ reason }) => reason.startsWith('NETFILTER')) && { firewall: [] }),
  }
}
