import type { FlowTable } from './table.ts'

/** Where a flow waits, and so what ends it. A row of list 0 is on none. */
const LIST_NONE = 0
/** TCP attempts, in order of their first packet. */
export const LIST_ATTEMPTS = 1
/** TCP connections that are open, in order of the step that opened them. */
export const LIST_OPEN = 2
/** TCP connections that have ended, in order of their latest packet. */
export const LIST_ENDED = 3
/** UDP and ICMP flows, in order of their latest packet. */
export const LIST_UDP = 4
export const LIST_ICMP = 5
const LISTS = 6

/**
 * Doubly linked lists through the rows (`before`, `after` hold row + 1). All rows of one list wait equally long,
 * so the first is always the next one due: expiry and eviction look at heads only.
 */
export class FlowLists {
  private readonly heads = new Int32Array(LISTS)
  private readonly tails = new Int32Array(LISTS)

  /** First row of a list, -1 when it is empty. */
  first(list: number): number {
    return this.heads[list]! - 1
  }

  /** Puts the row last on `list`, taking it off the one it is on. */
  move(table: FlowTable, row: number, list: number): void {
    const { before, after, list: lists } = table.columns
    if (this.tails[list] === row + 1) return
    this.remove(table, row)
    const tail = this.tails[list]!
    before[row] = tail
    if (tail === 0) this.heads[list] = row + 1
    else after[tail - 1] = row + 1
    this.tails[list] = row + 1
    lists[row] = list
  }

  remove(table: FlowTable, row: number): void {
    const { before, after, list: lists } = table.columns
    const list = lists[row]!
    if (list === LIST_NONE) return
    const previous = before[row]!
    const next = after[row]!
    if (previous === 0) this.heads[list] = next
    else after[previous - 1] = next
    if (next === 0) this.tails[list] = previous
    else before[next - 1] = previous
    before[row] = 0
    after[row] = 0
    lists[row] = LIST_NONE
  }
}
