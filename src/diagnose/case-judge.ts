import type { Endpoint } from '../flow/event.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM } from '../flow/marks.ts'
import type { Nanos } from '../flow/time.ts'
import { type Case, NO_ROW } from './case.ts'
import type { CaseBook } from './case-book.ts'
import type { DocketOptions } from './docket-options.ts'
import type { Evidence } from './evidence.ts'
import type { EvidenceGatherer, Moment } from './evidence-gatherer.ts'
import { wasEstablished, watches } from './facts.ts'
import { Held, type HeldVerdict } from './held.ts'
import { mismatchEvent } from './kernel-events.ts'
import type { KernelTrace } from './kernel-evidence.ts'
import type { KernelLedger } from './kernel-ledger.ts'
import { makeVerdict } from './make-verdict.ts'
import { Winners } from './winners.ts'

/**
 * Has cases judged and gives their verdicts; keeps the verdict on an attempt back while its process may yet reach the
 * same port at another address.
 */
export class CaseJudge {
  /** Attempts that were superseded: their process reached the port at another address. */
  superseded = 0
  readonly #options: DocketOptions
  readonly #cases: CaseBook
  readonly #ledger: KernelLedger
  readonly #gatherer: EvidenceGatherer
  readonly #winners: Winners
  readonly #held: Held

  constructor(options: DocketOptions, cases: CaseBook, ledger: KernelLedger, gatherer: EvidenceGatherer) {
    this.#options = options
    this.#cases = cases
    this.#ledger = ledger
    this.#gatherer = gatherer
    this.#winners = new Winners(options.shareName)
    this.#held = new Held((pid) => options.planes.isAlive(pid))
  }

  /** Nothing can change what is said of it any more, unless another attempt of its process succeeds. */
  isDone(found: Case): boolean {
    return found.isFinal || this.#held.pidOf(found) !== undefined
  }

  /** A process dials: gives the verdicts that this settles. */
  dialled(pid: number, remote: Endpoint, at: Nanos): void {
    for (const found of this.#held.dialled(pid, remote, at)) this.release(found)
  }

  /** A connection was established: others of its process may be superseded by it. */
  established(trace: KernelTrace): void {
    this.#winners.take(trace)
  }

  /** Gives the verdicts that nothing supersedes any more. */
  look(now: Nanos): void {
    for (const found of this.#held.due(now)) this.release(found)
  }

  /** Gives the verdict that was kept back, unless the attempt was superseded meanwhile. */
  release(found: Case): void {
    const held = this.#held.release(found)
    if (held !== undefined && !this.#isSuperseded(found, held.pid)) this.#give(found, held)
  }

  /** Judges what is known of the case now. */
  judge(found: Case, moment: Moment): void {
    if (this.isDone(found)) return
    const options = this.#options
    const { now, ending } = moment
    const { client, server } = found.ends(options.flowAt)
    const wasAlone = found.row === NO_ROW
    if (wasAlone) {
      const row = found.trace
        ? this.#ledger.rowOf(found.trace, options)
        : options.find(found.proto, client, server)
      if (row !== NO_ROW) this.#cases.attach(found, options.flowAt(row))
    }
    // Asked in any case: what nobody asks for is not told.
    const told = options.planes.kernel.watched
      ? this.#ledger.at(found.proto, client, server, found.start)
      : undefined
    const trace = found.trace ?? told
    if (trace !== undefined) this.#cases.bind(found, trace)
    found.failedAt ??= trace?.failedAt ?? found.wire.endedAt
    const dialler = trace?.established === undefined ? trace?.dialler?.pid : undefined
    const marks = found.row === NO_ROW ? 0 : options.flowAt(found.row).marks
    // Before the other planes are asked: that takes longer than all the rest.
    if (dialler !== undefined && (marks & (FLOW_ESTABLISHED | FLOW_MIDSTREAM)) === 0)
      if (this.#isSuperseded(found, dialler)) return
    const evidence = this.#gatherer.gather(found, trace, moment)
    if (evidence.ended && wasAlone) this.#cases.isOver(found, now)
    const { process } = evidence
    const caller = trace?.dialler?.pid ?? (process.watched ? process.client?.pid : undefined)
    const pid = wasEstablished(evidence) ? undefined : caller
    if (pid !== undefined && this.#isSuperseded(found, pid)) return
    this.#tellMismatch(found, evidence)
    const conclusion = options.judge(evidence)
    if (conclusion === undefined) return
    const final = evidence.ended
    if (found.given?.verdict === conclusion.verdict && !final) return
    const given = { verdict: conclusion.verdict, final }
    const whole = options.give && makeVerdict(conclusion, evidence, found.serial)
    // Only the kernel tells what else the process reaches.
    if (pid !== undefined && final && !ending && found.proto === 'tcp' && watches(evidence, 'state'))
      if (this.#held.hold({ found, server: evidence.server, pid, at: now, given, whole })) return
    this.#give(found, { given, whole })
  }

  /** Tells what kernel and packets say differently of an attempt that is not to be judged yet; true. */
  compare(found: Case, now: Nanos): true {
    const { trace, row } = found
    const isSent =
      row !== NO_ROW || (trace !== undefined && this.#ledger.rowOf(trace, this.#options) !== NO_ROW)
    if (!isSent && !found.isMismatchTold && !this.isDone(found))
      this.#tellMismatch(
        found,
        this.#gatherer.gather(found, found.trace, { now, over: false, ending: false }),
      )
    return true
  }

  #tellMismatch(found: Case, evidence: Evidence): void {
    const mismatch = found.isMismatchTold ? undefined : mismatchEvent(evidence, found.serial)
    if (mismatch === undefined) return
    found.isMismatchTold = true
    this.#options.event?.(mismatch)
  }

  #give(found: Case, { given, whole }: Pick<HeldVerdict, 'given' | 'whole'>): void {
    found.given = given
    if (whole !== undefined) this.#options.give?.(whole)
  }

  #isSuperseded(found: Case, pid: number): boolean {
    const { server } = found.ends(this.#options.flowAt)
    this.#options.planes.recallDials?.(pid, server.port)
    if (found.superseded || !this.#winners.supersedes(pid, server, found)) return found.superseded
    this.superseded++
    found.superseded = true
    return true
  }
}
