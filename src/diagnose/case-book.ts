import type { FlowView } from '../flow/flow-view.ts'
import { FLOW_TAKEN_UP } from '../flow/marks.ts'
import type { Nanos } from '../flow/time.ts'
import { type Case, NO_ROW } from './case.ts'
import type { KernelTrace } from './kernel-evidence.ts'
import { Told } from './told.ts'

/**
 * Which case a connection has: by the row of its flow, by what the kernel told of it, or, for datagrams without a flow,
 * by its ends. The ends alone are no name: they are used again, and every network namespace has the same loopback.
 */
export class CaseBook {
  /** A case found no room. */
  isShort = false
  readonly #capacity: number
  readonly #byRow = new Map<number, Case>()
  readonly #byTrace = new Map<KernelTrace, Case>()
  readonly #byKey = new Map<string, Case>()
  readonly #withoutFlow = new Set<Case>()
  /** Cases without a flow that are over, in order of time. */
  readonly #over: { readonly found: Case; readonly at: Nanos }[] = []
  readonly #told = new Told()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#byRow.size + this.#withoutFlow.size
  }

  /** Cases of which no packet was seen. */
  get withoutFlow(): ReadonlySet<Case> {
    return this.#withoutFlow
  }

  ofRow(row: number): Case | undefined {
    return this.#byRow.get(row)
  }

  ofTrace(trace: KernelTrace): Case | undefined {
    return this.#byTrace.get(trace)
  }

  ofKey(key: string): Case | undefined {
    return this.#byKey.get(key)
  }

  /** False when there is no room. */
  takes(): boolean {
    if (this.size < this.#capacity) return true
    this.isShort = true
    return false
  }

  /** The case is of this flow (borrowed). */
  attach(found: Case, flow: FlowView): void {
    const { row, serial } = flow
    flow.marks |= FLOW_TAKEN_UP
    this.#removeWithoutFlow(found)
    found.row = row
    found.serial = serial
    this.#byRow.set(row, found)
  }

  /** That is what the kernel tells of it. */
  bind(found: Case, trace: KernelTrace): void {
    found.trace = trace
    if (!this.#byTrace.has(trace)) this.#byTrace.set(trace, found)
  }

  /** What the kernel told is forgotten, but of calls that are over. */
  unbind(): void {
    for (const [trace, found] of this.#byTrace) {
      if (trace.call !== undefined) continue
      found.trace = undefined
      this.#byTrace.delete(trace)
    }
  }

  /** No packet of it was seen yet. `key`: of the ends of one that the kernel did not tell of. */
  addWithoutFlow(found: Case, key?: string): void {
    this.#withoutFlow.add(found)
    found.key = key
    if (key !== undefined) this.#byKey.set(key, found)
  }

  remove(found: Case): void {
    const { row, trace } = found
    this.#removeWithoutFlow(found)
    if (row !== NO_ROW && this.#byRow.get(row) === found) this.#byRow.delete(row)
    if (trace !== undefined && this.#byTrace.get(trace) === found) this.#byTrace.delete(trace)
  }

  /** A case without a flow is over: it stays a while, since facts about it may still come. */
  isOver(found: Case, at: Nanos): void {
    this.#over.push({ found, at })
  }

  /** Takes those off that were over by `until` and have no flow. */
  takeOver(until: Nanos, visit: (found: Case) => void): void {
    while (this.#over.length > 0 && this.#over[0]!.at < until) {
      const { found } = this.#over.shift()!
      if (this.#withoutFlow.has(found)) visit(found)
    }
  }

  /** Its final verdict was given; `key`: of its ends. A call is never told of again. */
  tell({ trace }: Case, key: string, now: Nanos): void {
    if (trace?.call === undefined) this.#told.add(key, trace?.last ?? now)
  }

  /** Whether the final verdict on a connection between these ends was given lately. */
  wasTold(key: string): boolean {
    if (this.#told.has(key, Number.NEGATIVE_INFINITY as Nanos)) return true
    return [...this.#withoutFlow].some(({ given, trace }) => given?.final === true && trace?.key === key)
  }

  isTold({ key, dialler, began, call }: KernelTrace): boolean {
    return call === undefined && this.#told.has(key, dialler?.at ?? began)
  }

  expire(now: Nanos): void {
    this.#told.expire(now)
  }

  #removeWithoutFlow(found: Case): void {
    this.#withoutFlow.delete(found)
    if (found.key !== undefined && this.#byKey.get(found.key) === found) this.#byKey.delete(found.key)
  }
}
