import { AFTER, BEFORE, LIST } from './flow-view.ts'
import { type FlowMemory, ROW_BYTES, ROW_WORDS } from './memory.ts'

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
 * Doubly linked lists through the rows (BEFORE and AFTER hold row + 1). All rows of one list wait equally long,
 * so the first is always the next one due: expiry and eviction look at heads only.
 */
export class FlowLists {
  private readonly heads = new Int32Array(LISTS)
  private readonly tails = new Int32Array(LISTS)

  /** First row of a list, -1 when it is empty. */
  first(list: number): number {
    return this.heads[list]! - 1
  }

  /** The row after `row` on its list, -1 when it is the last. */
  next(memory: FlowMemory, row: number): number {
    return memory.words[row * ROW_WORDS + AFTER]! - 1
  }

  /** Puts the row last on `list`, taking it off the one it is on. */
  move(memory: FlowMemory, row: number, list: number): void {
    if (this.tails[list] === row + 1) return
    this.remove(memory, row)
    const { words, bytes } = memory
    const tail = this.tails[list]!
    words[row * ROW_WORDS + BEFORE] = tail
    if (tail === 0) this.heads[list] = row + 1
    else words[(tail - 1) * ROW_WORDS + AFTER] = row + 1
    this.tails[list] = row + 1
    bytes[row * ROW_BYTES + LIST] = list
  }

  remove(memory: FlowMemory, row: number): void {
    const { words, bytes } = memory
    const list = bytes[row * ROW_BYTES + LIST]!
    if (list === LIST_NONE) return
    const at = row * ROW_WORDS
    const previous = words[at + BEFORE]!
    const next = words[at + AFTER]!
    if (previous === 0) this.heads[list] = next
    else words[(previous - 1) * ROW_WORDS + AFTER] = next
    if (next === 0) this.tails[list] = previous
    else words[(next - 1) * ROW_WORDS + BEFORE] = previous
    words[at + BEFORE] = 0
    words[at + AFTER] = 0
    bytes[row * ROW_BYTES + LIST] = LIST_NONE
  }
}
