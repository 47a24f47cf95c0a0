import type { FlowView } from '../flow/flow-view.ts'
import type { IcmpError } from '../flow/icmp-error.ts'
import type { IcmpEffect, IcmpMessage } from '../flow/icmp-event.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM, FLOW_WATCHED, SIDE_FIN } from '../flow/marks.ts'
import type { Segment } from '../flow/segment.ts'
import type { SideView } from '../flow/side-view.ts'
import { STEP_FIRST_FIN_ACKED, STEP_SECOND_FIN } from '../flow/steps.ts'
import { NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'
import { type TroubleSink, watchFlow } from '../flow/trouble-sink.ts'
import type { DropFact, KernelFact } from '../kernel/fact.ts'
import { APP_STUCK_SECONDS } from '../sockets/limits.ts'
import type { QuotedPacket } from '../wire/quoted-packet.ts'
import { Agenda } from './agenda.ts'
import { type Case, endsOf, NO_ROW } from './case.ts'
import { CaseBook } from './case-book.ts'
import { CaseJudge } from './case-judge.ts'
import { CaseOpener } from './case-opener.ts'
import { CounterLog, type Counters } from './counter-log.ts'
import type { DocketOptions } from './docket-options.ts'
import { nextDue } from './due.ts'
import type { KernelEvidence } from './evidence.ts'
import { EvidenceGatherer } from './evidence-gatherer.ts'
import { HalfClosed } from './half-closed.ts'
import { dropEvent, isAnswered } from './kernel-events.ts'
import { isTelling } from './kernel-evidence.ts'
import { KernelLedger, keyOf } from './kernel-ledger.ts'
import { Late } from './late.ts'
import { SYNS_WAITED } from './thresholds.ts'
import { ToldResets } from './told-resets.ts'
import type { VerdictName } from './verdict.ts'
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
  readonly #options: DocketOptions
  readonly #ledger: KernelLedger
  readonly #settle: Readonly<Record<'tcp' | 'udp', Nanos>>
  /** How much later than the kernel's word packets are read: mostly, and at most, ns. */
  readonly #lag: number
  readonly #packetsLate: number
  readonly #counters: CounterLog
  readonly #resets = new ToldResets()
  readonly #gatherer: EvidenceGatherer
  readonly #opener: CaseOpener
  readonly #judging: CaseJudge
  readonly #halfClosed = new HalfClosed()
  readonly #drops = new Late<DropFact>()
  readonly #tellDrop = (fact: DropFact, at: Nanos): boolean => {
    const { event, find, flowAt } = this.#options
    const row = find(fact.proto, fact.src, fact.dst)
    if (row !== NO_ROW) event?.(dropEvent(flowAt(row), at, fact))
    return row !== NO_ROW
  }
  /** Attempts of which the kernel spoke and no packet was seen: one may be on its way to us. */
  readonly #unsent = new Late<Case>()
  readonly #cases: CaseBook
  readonly #agenda = new Agenda()
  /** The capture's clock: it never goes back, as times of packets can. */
  #now = 0 as Nanos
  #closed: Case | undefined

  constructor(options: DocketOptions) {
    this.#options = options
    const { planes, settle } = options
    const { lag = 0 } = planes
    // Who holds a UDP socket is searched for: that takes a while longer.
    this.#settle = { tcp: settle, udp: (planes.netns === null ? settle : 10 * settle) as Nanos }
    this.#lag = settle + lag
    this.#packetsLate = PACKETS_LATE * settle + lag
    this.#cases = new CaseBook(options.maxCases ?? MAX_CASES)
    this.#ledger = new KernelLedger(planes)
    this.#counters = new CounterLog((netns) => this.#readCounters(netns), {
      own: planes.netns,
      clock: () => planes.now?.() ?? this.#now,
      lag,
    })
    this.#gatherer = new EvidenceGatherer(options, this.#counters)
    this.#opener = new CaseOpener(options, this.#cases, this.#ledger, this.#counters)
    this.#judging = new CaseJudge(options, this.#cases, this.#ledger, this.#gatherer)
  }

  /** Attempts that were superseded: their process reached the port at another address. */
  get superseded(): number {
    return this.#judging.superseded
  }

  /** Cases held. */
  get size(): number {
    return this.#cases.size
  }

  /** There was no room for some case: a verdict may be missing. */
  get isShort(): boolean {
    return this.#cases.isShort
  }

  /** Before the first packet: what counts up is read, so that what moves from now on can be told. */
  begin(now: Nanos): void {
    this.#now = now
    this.#gatherer.look(now)
  }

  /** The verdict of the flow whose row is being freed: for its record. */
  verdictOf(flow: number): VerdictName | undefined {
    return this.#closed?.serial === flow ? this.#closed.given?.verdict : undefined
  }

  /** What is wrong with the flow in this row is about to be told. */
  isPending(row: number): boolean {
    const found = this.#cases.ofRow(row)
    if (found === undefined || found.isFinal) return false
    return this.#judging.isDone(found) || found.due <= this.#now + this.#settle[found.proto]
  }

  /** The flow whose row is being freed was an attempt whose process reached the same port at another address. */
  isSuperseded(flow: number): boolean {
    return this.#closed?.serial === flow && this.#closed.superseded
  }

  segment(segment: Segment, before: number): void {
    const { flow, steps, time, anomalies } = segment
    this.#advance(time)
    if (steps & STEP_FIRST_FIN_ACKED && (steps & STEP_SECOND_FIN) === 0)
      this.#halfClosed.add(flow.row, flow.serial, time)
    let found = this.#cases.ofRow(flow.row)
    if (found === undefined) {
      // That alone is no trouble yet.
      if ((steps & ~STEP_FIRST_FIN_ACKED) === 0 && anomalies === 0) return
      found = this.#opener.open(flow)
      if (found === undefined) return
    }
    if (found.isFinal) return
    watchFlow(flow)
    found.wire.segment(segment, before)
    this.#plan(found, flow, time)
  }

  icmp(quoted: SideView, time: Nanos, message: IcmpMessage, meaning: IcmpError, effect: IcmpEffect): void {
    this.#advance(time)
    const { flow } = quoted
    if (effect === 'stray') return
    const found = this.#cases.ofRow(flow.row) ?? this.#opener.open(flow)
    if (found === undefined) return
    found.wire.icmp(quoted, time, message, meaning, effect)
    this.#plan(found, flow, time)
  }

  datagram(quoted: QuotedPacket, time: Nanos, message: IcmpMessage, meaning: IcmpError): void {
    this.#advance(time)
    const { client, server } = endsOf(quoted)
    const key = keyOf('udp', client, server)
    if (this.#cases.ofKey(key) !== undefined) return
    const made = this.#opener.make('udp', time, { client, server })
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
    this.#resets.take(fact)
    const dials = fact.fact === 'call' || (fact.fact === 'state' && fact.to === 'SYN_SENT')
    if (dials && fact.pid !== undefined) this.#judging.dialled(fact.pid, fact.remote, at)
    if (trace === undefined) return
    if (fact.netns !== null && trace.isOf(this.#options.planes.netns)) this.#counters.watch(fact.netns)
    if (trace.established === at) this.#judging.established(trace)
    if (fact.fact === 'drop' && this.#tellsDropsOf(fact) && !isAnswered(fact, trace))
      this.#drops.add(fact, at)
    if (!isTelling(fact, trace)) return
    const found = this.#opener.ofTrace(trace) ?? this.#opener.openFor(trace)
    if (found === undefined || this.#judging.isDone(found)) return
    const awaitsPackets = found.row === NO_ROW && trace.call === undefined
    const due = at + (awaitsPackets ? this.#packetsLate : this.#lag)
    if (trace.isFailed || trace.isClosed) this.#agenda.add(found, due)
    else if (trace.synsDropped >= SYNS_WAITED && found.judgedSyns < SYNS_WAITED) {
      found.judgedSyns = SYNS_WAITED
      this.#agenda.add(found, due)
    } else if (awaitsPackets && !found.isMismatchTold) this.#unsent.add(found, at)
  }

  /** The capture's clock is at `now`: judges what is due. */
  look(now: Nanos): void {
    this.#advance(now)
    this.#gatherer.look(now)
    this.#halfClosed.take(now - APP_STUCK_SECONDS * NANOS_PER_SECOND, (row, serial) =>
      this.#lookAtHalfClosed(row, serial),
    )
    const settled = (now - this.#lag) as Nanos
    const late = (now - this.#packetsLate) as Nanos
    this.#drops.takeAgain(this.#tellDrop)
    this.tellDrops(settled)
    this.#drops.forget(late)
    this.#unsent.take(late, (found) => this.#judging.compare(found, now))
    this.#opener.meet(settled, late, (found) => {
      if (!found.isFinal) this.#agenda.add(found, now)
    })
    this.#ledger.expire(now)
    this.#cases.takeOver((now - REMEMBERED) as Nanos, (found) => this.#forget(found))
    this.#cases.expire(now)
    this.#judging.look(now)
    this.#agenda.take(now, this.#options.atOnce ?? Number.POSITIVE_INFINITY, (found) => {
      this.#judge(found, false)
      this.#review(found)
    })
  }

  /** Tells drops up to `at` of flows that are known: called when everything before `at` was analysed. */
  tellDrops(at: Nanos): void {
    this.#drops.take(at, this.#tellDrop)
  }

  /** The flow's row is about to be freed: what is not final yet becomes it, unless the run ends. */
  closed(flow: FlowView, now: Nanos): void {
    this.#advance(now)
    this.tellDrops(this.ending ? (Number.POSITIVE_INFINITY as Nanos) : this.#now)
    const found = this.#cases.ofRow(flow.row) ?? (failedAtLast(flow) ? this.#opener.open(flow) : undefined)
    this.#closed = found
    if (found === undefined) return
    this.#judge(found, !this.ending || this.#options.isTimedOut(flow.row, this.#now))
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

  /** Records of the kernel were lost up to `at`: what it told of open connections is not certain any more. */
  factsLost(at = this.#now): void {
    this.#ledger.clear()
    this.#cases.unbind()
    this.#gatherer.lostAt = Math.max(at, this.#now) + NANOS_PER_SECOND
  }

  #advance(now: Nanos): void {
    if (now > this.#now) this.#now = now
  }

  #readCounters(netns: number): Counters | undefined {
    const counters = this.#options.planes.counters(netns)
    return counters && { ...counters, ...this.#resets.of(netns) }
  }

  /** Nobody takes events, or no datagrams are tracked: then no flow of it will ever be known. */
  #tellsDropsOf({ proto }: DropFact): boolean {
    const { event, protocols } = this.#options
    return event !== undefined && (proto === 'tcp' || protocols === 'all')
  }

  #forget(found: Case): void {
    this.#judging.release(found)
    // Only what the kernel tells afterwards could tell it again.
    if (this.#options.planes.kernel.watched && found.given?.final) {
      const { client, server } = found.ends(this.#options.flowAt)
      this.#cases.tell(found, keyOf(found.proto, client, server), this.#now)
    }
    this.#agenda.remove(found)
    this.#cases.remove(found)
  }

  /** Settles when the case is judged next, or that it is over. `now`: of the packet that showed something. */
  #plan(found: Case, flow: FlowView, now: Nanos): void {
    // Without a taker the name at the end is enough.
    const isNews = this.#options.give !== undefined
    this.#agenda.add(found, nextDue(found, flow, { now, settle: this.#settle[found.proto], isNews }))
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
    const found = this.#cases.ofRow(row) ?? this.#opener.open(flow)
    if (found !== undefined) this.#judge(found, false)
  }

  #judge(found: Case, over: boolean): void {
    this.#judging.judge(found, { now: this.#now, over, ending: this.ending })
  }
}
