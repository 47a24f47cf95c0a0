import { allocate } from './memory.ts'
import { flowAt } from './row.ts'
import { home, serials, size } from './table.ts'

const BITS = 11
const VALUES = 1 << BITS
const counts: usize = memory.data(VALUES * 4, 4)

/** All rows in order of their serials, 8 bytes each: the row, and the serial behind it. */
export function bySerial(): usize {
  const bytes = usize(size) << 3
  let from = allocate(bytes, 8)
  let to = allocate(bytes, 8)
  collect(from, from + bytes)
  // Digit by digit, the lowest first (radix sort): two or three passes.
  for (let shift = 0; shift < 32 && serials >>> shift != 0; shift += BITS) {
    distribute(from, from + bytes, to, 32 + shift)
    const other = from
    from = to
    to = other
  }
  return from
}

function collect(from: usize, end: usize): void {
  let entry = home(0)
  for (let at = from; at < end; entry += 8) {
    const row = load<u32>(entry, 4)
    if (row == 0) continue
    store<u64>(at, (u64(flowAt(row).serial) << 32) | row)
    at += 8
  }
}

/** Copies entries to where the digit at `shift` belongs; those that have the same one keep their order. */
function distribute(from: usize, end: usize, to: usize, shift: i32): void {
  memory.fill(counts, 0, VALUES * 4)
  for (let at = from; at < end; at += 8) {
    const count = countOf(load<u64>(at), shift)
    store<u32>(count, load<u32>(count) + 8)
  }
  let sum: u32 = 0
  for (let count = counts; count < counts + VALUES * 4; count += 4) {
    const here = load<u32>(count)
    store<u32>(count, sum)
    sum += here
  }
  for (let at = from; at < end; at += 8) {
    const entry = load<u64>(at)
    const count = countOf(entry, shift)
    const place = load<u32>(count)
    store<u64>(to + place, entry)
    store<u32>(count, place + 8)
  }
}

function countOf(entry: u64, shift: i32): usize {
  return counts + ((usize(entry >>> shift) & (VALUES - 1)) << 2)
}
