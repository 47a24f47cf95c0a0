import { endpoint, protocolName } from '../flow/annotation.ts'
import type { FlowView } from '../flow/flow-view.ts'
import type { IcmpError } from '../flow/icmp-error.ts'
import type { IcmpEffect, IcmpMessage } from '../flow/icmp-event.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM, FLOW_WATCHED, SIDE_FIN } from '../flow/marks.ts'
import { tcpOutcome } from '../flow/outcome.ts'
import { type Segment, STEP_FIRST_FIN_ACKED, STEP_SECOND_FIN } from '../flow/segment.ts'
import type { SideView } from '../flow/side-view.ts'
import { NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'
import { type TroubleSink, watchFlow } from '../flow/trouble-sink.ts'
import type { DropFact, KernelFact } from '../kernel/fact.ts'
import { APP_STUCK_SECONDS } from '../sockets/limits.ts'
import type { QuotedPacket } from '../wire/quoted-packet.ts'
import { Agenda } from './agenda.ts'
import { Case, type Ends, endsOf, NO_ROW } from './case.ts'
import { CaseBook } from './case-book.ts'
import { CounterLog } from './counter-log.ts'
import type { DocketOptions } from './docket-options.ts'
import { nextDue } from './due.ts'
import type { KernelEvidence } from './evidence.ts'
import { EvidenceGatherer } from './evidence-gatherer.ts'
import { wasEstablished, watches } from './facts.ts'
import { HalfClosed } from './half-closed.ts'
import { Held, type HeldVerdict } from './held.ts'
import { dropEvent, mismatchEvent } from './kernel-events.ts'
import { isTelling, KernelTrace } from './kernel-evidence.ts'
import { KernelLedger, keyOf } from './kernel-ledger.ts'
import { Late } from './late.ts'
import { makeVerdict } from './make-verdict.ts'
import { SYNS_WAITED } from './thresholds.ts'
import type { VerdictName } from './verdict.ts'
import { Winners } from './winners.ts'
import { failedAtLast } from './wire-evidence.ts'

const MAX_CASES = 1 << 16
/** Times `settle` that packets are waited for which the kernel spoke of: a busy machine hands them over late. */
const PACKETS_LATE = 6
/** How long a case without a flow stays when it is over: facts about it may still come, ns. */
const REMEMBERED = 2 * NANOS_PER_SECOND

/**
 * Holds a case for each connection in trouble, from packets and from what the kernel tells; has it judged when its
 * time has come and gives the verdicts: one for each connection, until a final one.
 *
 * Pure: its clock is the capture's, everything beside the packets comes through `Planes`.
 */
export class Docket implements TroubleSink {
  /** The run ends: what is judged from now on is judged while its connection goes on. */
  ending = false
  /** Attempts that were superseded: their process reached the port at another address. */
  superseded = 0
  readonly #options: DocketOptions
  readonly #ledger: KernelLedger
  readonly #winners: Winners
  readonly #held: Held
  readonly #settle: Readonly<Record<'tcp' | 'udp', Nanos>>
  readonly #counters: CounterLog
  readonly #gatherer: EvidenceGatherer
  readonly #halfClosed = new HalfClosed()
  readonly #drops = new Late<DropFact>()
  /** Connections of other namespaces in trouble, whose packets may pass here. */
  readonly #strangers = new Late<KernelTrace>()
  readonly #cases: CaseBook
  readonly #agenda = new Agenda()
  #now = 0 as Nanos
  #closed: Case | undefined

  constructor(options: DocketOptions) {
    this.#options = options
    const { planes, settle } = options
    // Who holds a UDP socket is searched for: that takes a while longer.
    this.#settle = { tcp: settle, udp: (planes.netns === null ? settle : 10 * settle) as Nanos }
    this.#cases = new CaseBook(options.maxCases ?? MAX_CASES)
    this.#ledger = new KernelLedger(planes)
    this.#counters = new CounterLog((netns) => planes.counters(netns), planes.netns)
    this.#gatherer = new EvidenceGatherer(options, this.#counters)
    this.#winners = new Winners(options.shareName)
    this.#held = new Held((pid) => planes.isAlive(pid))
  }

  /** Cases held. */
  get size(): number {
    return this.#cases.size
  }

  /** Cases that could not be held. */
  get dropped(): number {
    return this.#cases.dropped
  }

  /** The verdict of the flow whose row is being freed: for its record. */
  verdictOf(flow: number): VerdictName | undefined {
    return this.#closed?.serial === flow ? this.#closed.given?.verdict : undefined
  }

  /** The flow whose row is being freed was an attempt whose process reached the same port at another address. */
  isSuperseded(flow: number): boolean {
    return this.#closed?.serial === flow && this.#closed.superseded
  }

  segment(segment: Segment, before: number): void {
    const { flow, steps, time, anomalies } = segment
    this.#now = time
    if (steps & STEP_FIRST_FIN_ACKED && (steps & STEP_SECOND_FIN) === 0)
      this.#halfClosed.add(flow.row, flow.serial, time)
    let found = this.#cases.ofRow(flow.row)
    if (found === undefined) {
      if (steps === STEP_FIRST_FIN_ACKED && anomalies === 0) return
      found = this.#open(flow)
      if (found === undefined) return
    }
    if (found.isFinal) return
    watchFlow(flow)
    found.wire.segment(segment, before)
    this.#plan(found, flow)
  }

  icmp(quoted: SideView, time: Nanos, message: IcmpMessage, meaning: IcmpError, effect: IcmpEffect): void {
    this.#now = time
    const { flow } = quoted
    if (effect === 'stray') return
    const found = this.#cases.ofRow(flow.row) ?? this.#open(flow)
    if (found === undefined) return
    found.wire.icmp(quoted, time, message, meaning, effect)
    this.#plan(found, flow)
  }

  datagram(quoted: QuotedPacket, time: Nanos, message: IcmpMessage, meaning: IcmpError): void {
    this.#now = time
    const { client, server } = endsOf(quoted)
    const key = keyOf('udp', client, server)
    if (this.#cases.ofKey(key) !== undefined) return
    const made = this.#make('udp', time, { client, server })
    if (made === undefined) return
    this.#cases.addWithoutFlow(made, key)
    made.wire.datagram(time, message, meaning)
    // Its process is looked for now: the search can take longer than one question.
    this.#options.planes.process({ proto: 'udp', client, server, start: time, now: time, netns: {} })
    this.#agenda.add(made, time + this.#settle.udp)
  }

  /** Something that the kernel told, at a time of the capture's clock. */
  fact(fact: KernelFact, at: Nanos): void {
    const trace = this.#ledger.take(fact, at)
    this.#gatherer.aborts.take(fact, at)
    const dials = fact.fact === 'call' || (fact.fact === 'state' && fact.to === 'SYN_SENT')
    if (dials && fact.pid !== undefined)
      for (const found of this.#held.dialled(fact.pid, fact.remote, at)) this.#release(found)
    if (trace === undefined) return
    if (fact.netns !== null && trace.isOf(this.#options.planes.netns)) this.#counters.watch(fact.netns)
    if (trace.established === at) this.#winners.take(trace)
    if (fact.fact === 'drop' && this.#options.event !== undefined) this.#drops.add(fact, at)
    if (!isTelling(fact, trace)) return
    const found = this.#caseOf(trace) ?? this.#openFor(trace)
    if (found === undefined || found.isFinal || this.#held.pidOf(found) !== undefined) return
    const awaitsPackets = found.row === NO_ROW && trace.call === undefined
    const due = at + this.#settle.tcp * (awaitsPackets ? PACKETS_LATE : 1)
    if (trace.isFailed || trace.isClosed) this.#agenda.add(found, due)
    else if (trace.synsDropped >= SYNS_WAITED && found.judgedSyns < SYNS_WAITED) {
      found.judgedSyns = SYNS_WAITED
      this.#agenda.add(found, due)
    }
  }

  /** The capture's clock is at `now`: judges what is due. */
  look(now: Nanos): void {
    this.#now = now
    this.#gatherer.look(now)
    this.#halfClosed.take(now - APP_STUCK_SECONDS * NANOS_PER_SECOND, (row, serial) =>
      this.#lookAtHalfClosed(row, serial),
    )
    const settled = (now - this.#settle.tcp) as Nanos
    const late = (now - PACKETS_LATE * this.#settle.tcp) as Nanos
    this.tellDrops(settled)
    this.#drops.forget(late)
    this.#strangers.take(settled, (trace) => this.#meet(trace))
    this.#strangers.forget(late)
    this.#ledger.expire(now)
    this.#cases.takeOver((now - REMEMBERED) as Nanos, (found) => this.#forget(found))
    this.#cases.expire(now)
    for (const found of this.#held.due(now)) this.#release(found)
    this.#agenda.take(now, this.#options.atOnce ?? Number.POSITIVE_INFINITY, (found) => {
      this.#judge(found, false)
      this.#review(found)
    })
  }

  /** Tells drops up to `at` of flows that are known: called when everything before `at` was analysed. */
  tellDrops(at: Nanos): void {
    const { event, find, flowAt } = this.#options
    this.#drops.take(at, (fact, time) => {
      const row = find(fact.proto, fact.src, fact.dst)
      if (row !== NO_ROW) event?.(dropEvent(flowAt(row), time, fact))
      return row !== NO_ROW
    })
  }

  /** The flow's row is about to be freed: what is not final yet becomes it, unless the run ends. */
  closed(flow: FlowView): void {
    this.tellDrops(this.ending ? (Number.POSITIVE_INFINITY as Nanos) : this.#now)
    const found = this.#cases.ofRow(flow.row) ?? (failedAtLast(flow) ? this.#open(flow) : undefined)
    this.#closed = found
    if (found === undefined) return
    this.#judge(found, !this.ending || tcpOutcome(flow, this.#options.ladder, this.#now) === 'timeout')
    this.#forget(found)
  }

  /** Judges what is left of connections without packets. Flows were closed before. */
  finish(): void {
    this.ending = true
    for (const found of this.#cases.withoutFlow) {
      this.#judge(found, false)
      this.#forget(found)
    }
  }

  /** State of the kernel's sockets of a connection, as far as it was told. */
  kernelState(...ends: Parameters<KernelLedger['statesOf']>): KernelEvidence['states'] | undefined {
    return this.#ledger.statesOf(...ends)
  }

  /** Records of the kernel were lost: what it told of open connections is not certain any more. */
  factsLost(): void {
    this.#ledger.clear()
    this.#cases.unbind()
    this.#gatherer.lostAt = this.#now + NANOS_PER_SECOND
  }

  #open(flow: FlowView): Case | undefined {
    const proto = protocolName(flow)
    if (proto === 'icmp') return undefined
    const found = this.#caseBefore(proto, flow) ?? this.#make(proto, flow.start as Nanos, undefined, flow)
    if (found !== undefined) this.#cases.attach(found, flow.row, flow.serial)
    return found
  }

  /** The case that the kernel's word opened before the flow's first packet was seen. */
  #caseBefore(proto: 'tcp' | 'udp', flow: FlowView): Case | undefined {
    if (this.#cases.withoutFlow.size === 0) return undefined
    const [a, b] = [endpoint(flow, 0), endpoint(flow, 1)]
    const trace = this.#ledger.at(proto, a, b, flow.start as Nanos)
    const found = (trace && this.#cases.ofTrace(trace)) ?? this.#cases.ofKey(keyOf(proto, a, b))
    return found?.row === NO_ROW ? found : undefined
  }

  /** A connection that the kernel spoke of before its flow was seen is judged once it was; false while it was not. */
  #meet(trace: KernelTrace): boolean {
    const row = this.#rowOf(trace)
    if (row === NO_ROW) return false
    const found = this.#caseOf(trace) ?? this.#open(this.#options.flowAt(row))
    if (found !== undefined && !found.isFinal) this.#agenda.add(found, this.#now)
    return true
  }

  #rowOf(trace: KernelTrace): number {
    return this.#ledger.rowOf(trace, this.#options)
  }

  #caseOf(trace: KernelTrace): Case | undefined {
    const found = this.#cases.ofTrace(trace)
    if (found !== undefined) return found
    const row = this.#rowOf(trace)
    return row === NO_ROW ? undefined : this.#cases.ofRow(row)
  }

  /** A connection of which the kernel told something bad: its flow's case, or one without packets. */
  #openFor(trace: KernelTrace): Case | undefined {
    const { planes, flowAt } = this.#options
    const { names, dialler, drops, proto } = trace
    if (this.#cases.isTold(trace)) return undefined
    const row = this.#rowOf(trace)
    if (row !== NO_ROW) return this.#open(flowAt(row))
    const end = dialler?.end ?? drops.find(({ segment }) => segment === 'syn')?.from
    const own = end === undefined ? null : (trace.ends[end]!.netns ?? drops[0]?.netns ?? null)
    if (end === undefined || !planes.seesAll || own !== planes.netns) {
      this.#strangers.add(trace, trace.last)
      return undefined
    }
    const ends = { client: names[end]!, server: names[1 - end]! }
    const made = this.#make(proto, dialler?.at ?? trace.began, ends, trace)
    if (made === undefined) return undefined
    this.#cases.addWithoutFlow(made)
    this.#cases.bind(made, trace)
    return made
  }

  #make(proto: 'tcp' | 'udp', start: Nanos, ends?: Ends, of?: FlowView | KernelTrace): Case | undefined {
    if (!this.#cases.takes()) return undefined
    const made = new Case(proto, start, ends)
    if (of !== undefined && 'row' in of) made.row = of.row
    const { planes, flowAt } = this.#options
    if (planes.kernel.watched) {
      const { client, server } = made.ends(flowAt)
      const namespaces = [planes.netnsOf(client.addr), planes.netnsOf(server.addr)]
      if (of instanceof KernelTrace) namespaces.push(...of.ends.map(({ netns }) => netns))
      made.before = this.#counters.before(start, namespaces)
    }
    return made
  }

  #forget(found: Case): void {
    this.#release(found)
    // Only what the kernel tells afterwards could tell it again.
    if (this.#options.planes.kernel.watched && found.given?.final) {
      const { client, server } = found.ends(this.#options.flowAt)
      this.#cases.tell(found, keyOf(found.proto, client, server), this.#now)
    }
    this.#agenda.remove(found)
    this.#cases.remove(found)
  }

  /** Settles when the case is judged next, or that it is over. */
  #plan(found: Case, flow: FlowView): void {
    // Without a taker the name at the end is enough.
    const isNews = this.#options.give !== undefined
    this.#agenda.add(
      found,
      nextDue(found, flow, { now: this.#now, settle: this.#settle[found.proto], isNews }),
    )
    this.#review(found, flow)
  }

  /** Drops the case of a flow that is well again. */
  #review(found: Case, flow = found.row === NO_ROW ? undefined : this.#options.flowAt(found.row)): void {
    const { wire } = found
    if (flow === undefined || wire.isLasting || wire.stuck !== undefined || wire.closedSince !== undefined)
      return
    if ((flow.marks & (FLOW_ESTABLISHED | FLOW_MIDSTREAM)) === 0) return
    flow.marks &= ~FLOW_WATCHED
    if (found.given === undefined && !this.#agenda.has(found)) this.#forget(found)
  }

  #lookAtHalfClosed(row: number, serial: number): void {
    const flow = this.#options.flowAt(row)
    if (flow.serial !== serial || flow.lower.marks & flow.upper.marks & SIDE_FIN) return
    const found = this.#cases.ofRow(row) ?? this.#open(flow)
    if (found !== undefined) this.#judge(found, false)
  }

  #judge(found: Case, over: boolean): void {
    if (found.isFinal || this.#held.pidOf(found) !== undefined) return
    const options = this.#options
    const now = this.#now
    const { client, server } = found.ends(options.flowAt)
    const wasAlone = found.row === NO_ROW
    if (wasAlone) {
      const row = found.trace ? this.#rowOf(found.trace) : options.find(found.proto, client, server)
      if (row !== NO_ROW) this.#cases.attach(found, row, options.flowAt(row).serial)
    }
    const trace = found.trace ?? this.#ledger.at(found.proto, client, server, found.start)
    if (trace !== undefined) this.#cases.bind(found, trace)
    found.failedAt ??= trace?.failedAt ?? found.wire.endedAt
    const dialler = trace?.established === undefined ? trace?.dialler?.pid : undefined
    const marks = found.row === NO_ROW ? 0 : options.flowAt(found.row).marks
    // Before the other planes are asked: that takes longer than all the rest.
    if (dialler !== undefined && (marks & (FLOW_ESTABLISHED | FLOW_MIDSTREAM)) === 0)
      if (this.#isSuperseded(found, dialler)) return
    const evidence = this.#gatherer.gather(found, trace, { now, over, ending: this.ending })
    if (evidence.ended && wasAlone) this.#cases.isOver(found, now)
    const { process } = evidence
    const caller = trace?.dialler?.pid ?? (process.watched ? process.client?.pid : undefined)
    const pid = wasEstablished(evidence) ? undefined : caller
    if (pid !== undefined && this.#isSuperseded(found, pid)) return
    const mismatch =
      found.serial < 0 || found.isMismatchTold ? undefined : mismatchEvent(evidence, found.serial)
    if (mismatch !== undefined) {
      found.isMismatchTold = true
      options.event?.(mismatch)
    }
    const conclusion = options.judge(evidence)
    if (conclusion === undefined) return
    const final = evidence.ended
    if (found.given?.verdict === conclusion.verdict && !final) return
    const given = { verdict: conclusion.verdict, final }
    const whole = options.give && makeVerdict(conclusion, evidence, found.serial)
    // Only the kernel tells what else the process reaches.
    if (pid !== undefined && final && !this.ending && found.proto === 'tcp' && watches(evidence, 'state'))
      if (this.#held.hold({ found, server: evidence.server, pid, at: now, given, whole })) return
    this.#give(found, { given, whole })
  }

  /** Gives the verdict that was kept back, unless the attempt was superseded meanwhile. */
  #release(found: Case): void {
    const held = this.#held.release(found)
    if (held !== undefined && !this.#isSuperseded(found, held.pid)) this.#give(found, held)
  }

  #give(found: Case, { given, whole }: Pick<HeldVerdict, 'given' | 'whole'>): void {
    found.given = given
    if (whole !== undefined) this.#options.give?.(whole)
  }

  #isSuperseded(found: Case, pid: number): boolean {
    const { server } = found.ends(this.#options.flowAt)
    if (found.superseded || !this.#winners.supersedes(pid, server, found)) return found.superseded
    this.superseded++
    found.superseded = true
    return true
  }
}
