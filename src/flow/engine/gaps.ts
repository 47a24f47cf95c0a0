import { FIRST_GAP, FIRST_MISSED, MISSED_GAPS } from '../trouble-words.ts'
import { allocate } from './memory.ts'
import { diff } from './segment.ts'
import { count, get, set } from './trouble.ts'

/** Open gaps remembered in one direction; a capture with more at once is beyond repair. */
const MAX_GAPS = 64
const BLOCK = 256

/*
 * Byte ranges that were skipped. Open ones are not acknowledged yet: a late segment can still fill them, an
 * acknowledgement beyond makes them missed. Missed ones are kept, as a segment that carries them repeats nothing.
 * Lists linked from the trouble row, the open ones in sequence order. Lengths are added as 64 bits: distances of hostile
 * numbers reach 2^31, and their sums go beyond.
 */
@unmanaged
class Gap {
  from!: u32
  to!: u32
  /** 0 for none; of the list or of the free list. */
  after!: Gap | null
}

let free: Gap | null = null
let fresh: usize = 0
let freshEnd: usize = 0

function firstOf(row: usize, list: i32): Gap | null {
  return changetype<Gap | null>(usize(get(row, list)))
}

function setFirst(row: usize, list: i32, gap: Gap | null): void {
  set(row, list, u32(changetype<usize>(gap)))
}

/** Adds `from` up to `to` at the end; both lie beyond every gap of the row. */
export function openGap(row: usize, from: u32, to: u32): void {
  let last = firstOf(row, FIRST_GAP)
  let held = 1
  while (last != null && last.after != null) {
    last = last.after
    held++
  }
  if (held == MAX_GAPS) return
  const gap = take(from, to)
  if (last == null) setFirst(row, FIRST_GAP, gap)
  else last.after = gap
}

/** A late segment covers `from` up to `to`; returns how much of it was in gaps, bytes. */
export function fillGaps(row: usize, from: u32, to: u32): i64 {
  return fillList(row, FIRST_GAP, from, to) + fillList(row, FIRST_MISSED, from, to)
}

/** `from` up to `to` was acknowledged and never seen. */
export function miss(row: usize, from: u32, to: u32): void {
  if (get(row, MISSED_GAPS) == MAX_GAPS) return
  count(row, MISSED_GAPS)
  const gap = take(from, to)
  gap.after = firstOf(row, FIRST_MISSED)
  setFirst(row, FIRST_MISSED, gap)
}

function fillList(row: usize, list: i32, from: u32, to: u32): i64 {
  let before: Gap | null = null
  let filled: i64 = 0
  let gap = firstOf(row, list)
  while (gap != null) {
    const next = gap.after
    const left = diff(from, gap.from)
    const right = diff(gap.to, to)
    const apart = diff(to, gap.from) <= 0 || diff(gap.to, from) <= 0
    if (!apart) {
      filled += i64(diff(gap.to, gap.from)) - max(left, 0) - max(right, 0)
      if (left <= 0 && right <= 0) {
        drop(row, list, before, gap)
        gap = next
        continue
      }
      if (left > 0 && right > 0) {
        const rest = take(to, gap.to)
        rest.after = next
        gap.to = from
        gap.after = rest
        if (list == FIRST_MISSED) count(row, MISSED_GAPS)
      } else if (left > 0) gap.to = from
      else gap.from = to
    }
    before = gap
    gap = next
  }
  return filled
}

/** Everything below `ack` has arrived at the receiver; returns how much of it was never seen, bytes. */
export function acknowledgeGaps(row: usize, ack: u32): i64 {
  let missed: i64 = 0
  let gap = firstOf(row, FIRST_GAP)
  while (gap != null) {
    if (diff(ack, gap.from) <= 0) break
    if (diff(ack, gap.to) < 0) {
      missed += diff(ack, gap.from)
      miss(row, gap.from, ack)
      gap.from = ack
      break
    }
    missed += diff(gap.to, gap.from)
    miss(row, gap.from, gap.to)
    const next = gap.after
    drop(row, FIRST_GAP, null, gap)
    gap = next
  }
  return missed
}

export function clearGaps(row: usize): void {
  for (let gap = firstOf(row, FIRST_GAP); gap != null; gap = firstOf(row, FIRST_GAP))
    drop(row, FIRST_GAP, null, gap)
  for (let gap = firstOf(row, FIRST_MISSED); gap != null; gap = firstOf(row, FIRST_MISSED))
    drop(row, FIRST_MISSED, null, gap)
}

/** `before` is the gap in front, null when `gap` is the first. */
function drop(row: usize, list: i32, before: Gap | null, gap: Gap): void {
  const next = gap.after
  if (list == FIRST_MISSED) set(row, MISSED_GAPS, get(row, MISSED_GAPS) - 1)
  if (before == null) setFirst(row, list, next)
  else before.after = next
  gap.after = free
  free = gap
}

function take(from: u32, to: u32): Gap {
  let gap = free
  if (gap != null) free = gap.after
  else {
    if (fresh == freshEnd) {
      fresh = allocate(offsetof<Gap>() * BLOCK, 8)
      freshEnd = fresh + offsetof<Gap>() * BLOCK
    }
    gap = changetype<Gap>(fresh)
    fresh += offsetof<Gap>()
  }
  gap.from = from
  gap.to = to
  gap.after = null
  return gap
}
