import { TROUBLE_WORDS } from '../trouble-words.ts'
import { allocate } from './memory.ts'
import type { Side } from './row.ts'

/*
 * What most directions of most flows never need, a row of words each from the first trouble on. `side.trouble` is the
 * row's address. NONE stays all zero and stands for "none yet", so that reading needs no test.
 */

const BYTES = TROUBLE_WORDS * 4
const BLOCK = 64
const none: usize = memory.data(TROUBLE_WORDS * 4, 4)

/** First free row, linked through its first word. */
let free: usize = 0
let fresh: usize = 0
let freshEnd: usize = 0

/** The side's own row, taken when it has none yet. */
export function troubleOf(side: Side): usize {
  if (side.trouble != 0) return side.trouble
  let row = free
  if (row != 0) {
    free = load<u32>(row)
    store<u32>(row, 0)
  } else {
    if (fresh == freshEnd) {
      fresh = allocate(BYTES * BLOCK, 8)
      freshEnd = fresh + BYTES * BLOCK
    }
    row = fresh
    fresh += BYTES
  }
  side.trouble = row
  return row
}

export function releaseTrouble(row: usize): void {
  memory.fill(row, 0, BYTES)
  store<u32>(row, u32(free))
  free = row
}

/** `row` may be 0. */
export function get(row: usize, word: i32): u32 {
  return load<u32>((row == 0 ? none : row) + (word << 2))
}

export function set(row: usize, word: i32, value: u32): void {
  store<u32>(row + (word << 2), value)
}

/** Adds to a count of two words, low and high 32 bits. */
export function add(row: usize, word: i32, value: i64): void {
  const at = row + (word << 2)
  store<u64>(at, load<u64>(at) + value)
}

/** Counts one more and returns the new count. */
export function count(row: usize, word: i32): u32 {
  const at = row + (word << 2)
  const value = load<u32>(at) + 1
  store<u32>(at, value)
  return value
}

/** A count of two words; `row` may be 0. */
export function large(row: usize, word: i32): f64 {
  return f64(load<u64>((row == 0 ? none : row) + (word << 2)))
}
