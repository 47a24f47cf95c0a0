import { LIST_NONE, LISTS } from '../list-numbers.ts'
import { type Flow, flowAt } from './row.ts'

/** Rows at the ends of each list, 0 where it is empty: heads, then tails. */
const ends: usize = memory.data(LISTS * 8, 4)
const TAILS = LISTS * 4

/*
 * Doubly linked lists through the rows. All rows of one list wait equally long, so the first is always the next one
 * due: expiry and eviction look at heads only.
 */

export function first(list: i32): u32 {
  return load<u32>(ends + (list << 2))
}

/** Puts the flow last on `list`, taking it off the one it is on. */
export function place(flow: Flow, list: i32): void {
  const row = flow.row
  const at = ends + (list << 2)
  const tail = load<u32>(at, TAILS)
  if (tail == row) return
  unlist(flow)
  flow.before = tail
  if (tail == 0) store<u32>(at, row)
  else flowAt(tail).after = row
  store<u32>(at, row, TAILS)
  flow.list = list
}

export function unlist(flow: Flow): void {
  const list = flow.list
  if (list == LIST_NONE) return
  const at = ends + (list << 2)
  const before = flow.before
  const after = flow.after
  if (before == 0) store<u32>(at, after)
  else flowAt(before).after = after
  if (after == 0) store<u32>(at, before, TAILS)
  else flowAt(after).before = before
  flow.before = 0
  flow.after = 0
  flow.list = LIST_NONE
}
