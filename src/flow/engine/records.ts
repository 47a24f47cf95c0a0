import { bytesAt, columnRows, putRow, reserveRows } from './batch.ts'

// Each record of a pcap file: seconds, fraction of a second, captured and original length.
const FRACTION = 4
const CAPTURED = 8
const ORIGINAL = 12

/** Rows of the batch after `walk`. */
let walked: u32 = 0

export function walkedRows(): u32 {
  return walked
}

/**
 * Appends the packets of the records between two addresses to the batch, behind `row` rows; `number` is the last one
 * given. Stops at the first record that is not whole, or has to be judged: more captured than there was, or than any
 * packet has. Returns where that is.
 */
export function walk(
  from: usize,
  end: usize,
  littleEndian: bool,
  header: u32,
  largest: u32,
  nanosPerFraction: f64,
  originSeconds: f64,
  row: u32,
  number: f64,
): usize {
  let at = from
  walked = row
  while (at + header <= end) {
    const kept = word(at + CAPTURED, littleEndian)
    const original = word(at + ORIGINAL, littleEndian)
    if (kept > original || kept > largest || at + header + kept > end) break
    if (walked == columnRows()) reserveRows(walked * 2)
    const seconds = f64(word(at, littleEndian)) - originSeconds
    const nanos = f64(word(at + FRACTION, littleEndian)) * nanosPerFraction
    number += 1
    putRow(walked++, u32(at + header - bytesAt()), kept, original, seconds * 1e9 + nanos, number)
    at += header + kept
  }
  return at
}

function word(at: usize, littleEndian: bool): u32 {
  const value = load<u32>(at)
  return littleEndian ? value : bswap<u32>(value)
}
