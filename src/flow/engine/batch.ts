import { OPTION_MPTCP } from '../marks.ts'
import { allocate } from './memory.ts'
import type { Plain } from './plain-segment.ts'
import { flowAt } from './row.ts'
import { segment } from './segment.ts'
import { passSteady } from './steady.ts'
import { find, home } from './table.ts'
import { takeSegment } from './tcp-tracker.ts'

/*
 * A batch of packets, as columns (`PacketBatch`): of each where it starts, bytes captured, bytes on the wire, time,
 * interface and number.
 */
let starts: usize = 0
let captured: usize = 0
let originals: usize = 0
let times: usize = 0
let ifaces: usize = 0
let numbers: usize = 0
let bytes: usize = 0
/** Address of offset 0 of `starts`. */
let base: usize = 0
let rows: u32 = 0
/** Segments that took the short cut. */
export let shortCuts: u32 = 0
let room: u32 = 0

/** A byte for each interface: 1 where frames are Ethernet's. The host writes it. */
export const ethernet: usize = allocate(1 << 16, 8)

/** Packets that are read before the first is taken: their misses of the cache overlap. */
const AHEAD = 16
const ahead: usize = memory.data(AHEAD * 128, 64)
const PLAIN_BYTES = 128

/** Makes room for a batch of so many packets and bytes; what is in it is lost when it has to move. */
export function reserve(count: u32, size: u32): void {
  if (count > rows) {
    rows = max(count, rows * 2)
    starts = allocate(usize(rows) * 30, 8)
    times = starts
    numbers = times + usize(rows) * 8
    starts = numbers + usize(rows) * 8
    captured = starts + usize(rows) * 4
    originals = captured + usize(rows) * 4
    ifaces = originals + usize(rows) * 4
  }
  if (size > room) {
    room = max(size, room * 2)
    bytes = allocate(room, 64)
  }
}

export function columnsAt(): usize {
  return times
}
export function columnRows(): u32 {
  return rows
}
export function bytesAt(): usize {
  return bytes
}
export function setBase(address: usize): void {
  base = address
}

/**
 * Takes the plain segments of the batch from `from` on, up to `count`, and those before time `due`. Returns the index
 * of the first packet that it left.
 */
export function run(from: u32, count: u32, due: f64): u32 {
  let index = from
  while (index < count) {
    const end = readAhead(index, min(index + AHEAD, count), due)
    if (end == index) return index
    for (let at = 0; index < end; at++, index++) {
      const plain = changetype<Plain>(ahead + at * PLAIN_BYTES)
      const row = find(plain.key, plain.hash)
      if (row != 0) {
        const flow = flowAt(row)
        if (passSteady(flow, plain)) {
          shortCuts++
          continue
        }
        // Its options are read in every segment.
        if (((flow.lower.options | flow.upper.options) & OPTION_MPTCP) != 0) return index
      }
      plain.toSegment()
      segment.packet = load<f64>(numbers + (usize(index) << 3))
      segment.iface = load<u16>(ifaces + (usize(index) << 1))
      takeSegment(plain.key, row)
    }
  }
  return index
}

/** Reads the headers of the packets from `from` to `end`; returns the index of the first that is not plain or due. */
function readAhead(from: u32, end: u32, due: f64): u32 {
  let index = from
  for (let at = 0; index < end; at++, index++) {
    const time = load<f64>(times + (usize(index) << 3))
    const iface = usize(load<u16>(ifaces + (usize(index) << 1)))
    if (time >= due || load<u8>(ethernet + iface) == 0) break
    const plain = changetype<Plain>(ahead + at * PLAIN_BYTES)
    const at4 = usize(index) << 2
    const start = base + load<u32>(starts + at4)
    if (!plain.at(start, load<u32>(captured + at4), load<u32>(originals + at4))) break
    plain.time = time
    plain.entry = load<u64>(home(plain.hash))
  }
  return index
}
