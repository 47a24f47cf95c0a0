import { OPTION_MPTCP } from '../marks.ts'
import { allocate, giveBack } from './memory.ts'
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
/** Bytes of one packet in all columns. */
const ROW_BYTES = 30
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

/** Room for so many packets; those that are there stay. */
export function reserveRows(count: u32): void {
  if (count <= rows) return
  const before = rows
  const columns = times
  rows = max(count, before * 2)
  times = allocate(usize(rows) * ROW_BYTES, 8)
  numbers = times + usize(rows) * 8
  starts = numbers + usize(rows) * 8
  captured = starts + usize(rows) * 4
  originals = captured + usize(rows) * 4
  ifaces = originals + usize(rows) * 4
  if (before == 0) return
  memory.copy(times, columns, usize(before) * 8)
  memory.copy(numbers, columns + usize(before) * 8, usize(before) * 8)
  memory.copy(starts, columns + usize(before) * 16, usize(before) * 4)
  memory.copy(captured, columns + usize(before) * 20, usize(before) * 4)
  memory.copy(originals, columns + usize(before) * 24, usize(before) * 4)
  memory.copy(ifaces, columns + usize(before) * 28, usize(before) * 2)
  giveBack(columns, usize(before) * ROW_BYTES)
}

/** Room for so many bytes; what is in it is lost. */
export function reserveBytes(size: u32): void {
  if (size <= room) return
  if (room > 0) giveBack(bytes, room)
  room = size
  bytes = allocate(size, 64)
}

export function byteCount(): u32 {
  return room
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

/** Bytes that the first `count` packets had on the wire. */
export function wireBytes(count: u32): f64 {
  let sum: u64 = 0
  const end = originals + (usize(count) << 2)
  for (let at = originals; at < end; at += 4) sum += load<u32>(at)
  return f64(sum)
}

/** Writes one row. */
export function putRow(row: u32, start: u32, kept: u32, original: u32, time: f64, number: f64): void {
  const at4 = usize(row) << 2
  const at8 = usize(row) << 3
  store<u32>(starts + at4, start)
  store<u32>(captured + at4, kept)
  // MOST_ORIGINAL of `PacketBatch`.
  store<u32>(originals + at4, min<u32>(original, i32.MAX_VALUE))
  store<f64>(times + at8, time)
  store<f64>(numbers + at8, number)
  store<u16>(ifaces + (usize(row) << 1), 0)
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
