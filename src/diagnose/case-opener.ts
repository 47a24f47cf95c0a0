import { endpoint, protocolName } from '../flow/annotation.ts'
import type { FlowView } from '../flow/flow-view.ts'
import type { Nanos } from '../flow/time.ts'
import { Case, type Ends, NO_ROW } from './case.ts'
import type { CaseBook } from './case-book.ts'
import type { CounterLog } from './counter-log.ts'
import type { DocketOptions } from './docket-options.ts'
import { KernelTrace } from './kernel-evidence.ts'
import { type KernelLedger, keyOf } from './kernel-ledger.ts'
import { Late } from './late.ts'

/** Which case a flow or a connection that the kernel told of has; opens one where there is none yet. */
export class CaseOpener {
  readonly #options: Pick<DocketOptions, 'planes' | 'find' | 'flowAt'>
  readonly #cases: CaseBook
  readonly #ledger: KernelLedger
  readonly #counters: CounterLog
  /** Connections of other namespaces in trouble, whose packets may pass here. */
  readonly #strangers = new Late<KernelTrace>()

  constructor(
    options: Pick<DocketOptions, 'planes' | 'find' | 'flowAt'>,
    cases: CaseBook,
    ledger: KernelLedger,
    counters: CounterLog,
  ) {
    this.#options = options
    this.#cases = cases
    this.#ledger = ledger
    this.#counters = counters
  }

  /** A case for the flow (borrowed), which has none; `undefined` where there is no room, or nothing to judge. */
  open(flow: FlowView): Case | undefined {
    const proto = protocolName(flow)
    if (proto === 'icmp') return undefined
    if (this.#isLate(proto, flow)) return undefined
    const found = this.#before(proto, flow) ?? this.make(proto, flow.start as Nanos, undefined, flow)
    if (found !== undefined) this.#cases.attach(found, flow)
    return found
  }

  /** The case of what the kernel told, whether it has a flow or not. */
  ofTrace(trace: KernelTrace): Case | undefined {
    const found = this.#cases.ofTrace(trace)
    if (found !== undefined) return found
    const row = this.rowOf(trace)
    return row === NO_ROW ? undefined : this.#cases.ofRow(row)
  }

  /**
   * A case for a connection of which the kernel told something bad: its flow's, or one without packets. `undefined`
   * where it was judged already, or is none of the captured namespace's as far as is known: `meet` looks again.
   */
  openFor(trace: KernelTrace): Case | undefined {
    const { planes, flowAt } = this.#options
    const { names, dialler, drops, proto } = trace
    if (this.#cases.isTold(trace)) return undefined
    const row = this.rowOf(trace)
    if (row !== NO_ROW) return this.open(flowAt(row))
    const end = dialler?.end ?? drops.find(({ segment }) => segment === 'syn')?.from
    const own = end === undefined ? null : (trace.ends[end]!.netns ?? drops[0]?.netns ?? null)
    if (end === undefined || !planes.seesAll || own !== planes.netns) {
      this.#strangers.add(trace, trace.last)
      return undefined
    }
    const ends = { client: names[end]!, server: names[1 - end]! }
    const made = this.make(proto, dialler?.at ?? trace.began, ends, trace)
    if (made === undefined) return undefined
    this.#cases.addWithoutFlow(made)
    this.#cases.bind(made, trace)
    return made
  }

  /**
   * Gives the cases of connections that the kernel spoke of by `until`, before any packet of them was seen here;
   * forgets those of `late` and before, of which none ever came.
   */
  meet(until: Nanos, late: Nanos, give: (found: Case) => void): void {
    const meet = (trace: KernelTrace): boolean => {
      const row = this.rowOf(trace)
      if (row === NO_ROW) return false
      const found = this.ofTrace(trace) ?? this.open(this.#options.flowAt(row))
      if (found !== undefined) give(found)
      return true
    }
    this.#strangers.takeAgain(meet)
    this.#strangers.take(until, meet)
    this.#strangers.forget(late)
  }

  /** Row of the flow that is this connection; NO_ROW while no packet of it was seen. */
  rowOf(trace: KernelTrace): number {
    return this.#ledger.rowOf(trace, this.#options)
  }

  /** A case that is in no book yet, with the counters from before it; `of`: what its ends are known by. */
  make(proto: 'tcp' | 'udp', start: Nanos, ends?: Ends, of?: FlowView | KernelTrace): Case | undefined {
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

  /** Its packets were read so late that the kernel's word alone was judged, for good. */
  #isLate(proto: 'tcp' | 'udp', flow: FlowView): boolean {
    const { planes } = this.#options
    if (planes.lag === undefined || !planes.kernel.watched) return false
    const [a, b] = [endpoint(flow, 0), endpoint(flow, 1)]
    return this.#cases.wasTold(keyOf(proto, a, b)) && !this.#ledger.at(proto, a, b, flow.start as Nanos)
  }

  /** The case that the kernel's word opened before the flow's first packet was seen. */
  #before(proto: 'tcp' | 'udp', flow: FlowView): Case | undefined {
    if (this.#cases.withoutFlow.size === 0) return undefined
    const [a, b] = [endpoint(flow, 0), endpoint(flow, 1)]
    const trace = this.#ledger.at(proto, a, b, flow.start as Nanos)
    const found = (trace && this.#cases.ofTrace(trace)) ?? this.#cases.ofKey(keyOf(proto, a, b))
    return found?.row === NO_ROW ? found : undefined
  }
}
