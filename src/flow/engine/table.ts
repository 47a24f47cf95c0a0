import { ROW_BYTES } from '../layout.ts'
import { copyKey, hashOf, isEqual } from './key.ts'
import { allocate, giveBack } from './memory.ts'
import { type Flow, flowAt } from './row.ts'

/*
 * Flows by their key: an index over rows.
 *
 * The index is open addressing with linear probing, at most half full; a slot is the key's hash and the row, so that
 * only the right row is looked at. Removal shifts the cluster back: there are no tombstones. Row 0 is none.
 */

const BLOCK_ROWS = 512
const FIRST_SLOTS = 1 << 6

let slots: usize = allocate(FIRST_SLOTS * 8, 64)
let mask: u32 = FIRST_SLOTS - 1
/** Rows in use, and flows ever inserted. */
export let size: u32 = 0
export let serials: u32 = 0
/** First free row, linked through `after`. */
let free: u32 = 0
/** Rows of the latest block that were never used. */
let fresh: u32 = 0
let freshEnd: u32 = 0

/** Where the search for a hash begins: whoever reads it early has it in the cache later. */
export function home(hash: u32): usize {
  return slots + (usize(hash & mask) << 3)
}

/** The row of the flow with this key, 0 when there is none. */
export function find(key: usize, hash: u32): u32 {
  let slot = hash & mask
  let entry = load<u64>(slots + (usize(slot) << 3))
  while (entry >>> 32 != 0) {
    if (u32(entry) == hash && isEqual(usize(entry >>> 32) * ROW_BYTES, key)) break
    slot = (slot + 1) & mask
    entry = load<u64>(slots + (usize(slot) << 3))
  }
  return u32(entry >>> 32)
}

/** A row of zeros but for key, hash and serial. The key must not be there yet. */
export function insert(key: usize): Flow {
  if (size >= (mask + 1) >>> 1) grow()
  const flow = takeRow()
  copyKey(flow.address, key)
  const hash = hashOf(key)
  flow.hash = hash
  flow.serial = serials++
  size++
  link(flow.row, hash)
  return flow
}

/** Takes the row out of the index and makes it free for another flow. */
export function remove(flow: Flow): void {
  unlink(flow)
  memory.fill(flow.address, 0, ROW_BYTES)
  flow.after = free
  free = flow.row
  size--
}

/** Forgets all flows; their rows stay as they are. */
export function clear(): void {
  memory.fill(slots, 0, (usize(mask) + 1) << 3)
  size = 0
}

function takeRow(): Flow {
  if (free != 0) {
    const flow = flowAt(free)
    free = flow.after
    flow.after = 0
    return flow
  }
  if (fresh == freshEnd) {
    fresh = u32(allocate(BLOCK_ROWS * ROW_BYTES, ROW_BYTES) / ROW_BYTES)
    freshEnd = fresh + BLOCK_ROWS
  }
  return flowAt(fresh++)
}

function link(row: u32, hash: u32): void {
  let slot = hash & mask
  while (load<u32>(slots + (usize(slot) << 3), 4) != 0) slot = (slot + 1) & mask
  store<u64>(slots + (usize(slot) << 3), (u64(row) << 32) | hash)
}

/** Backward-shift deletion: each follower moves into the hole unless that is before its home slot. */
function unlink(flow: Flow): void {
  const row = flow.row
  let hole = flow.hash & mask
  while (load<u32>(slots + (usize(hole) << 3), 4) != row) hole = (hole + 1) & mask
  for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
    const entry = load<u64>(slots + (usize(slot) << 3))
    if (entry >>> 32 == 0) break
    const wanted = u32(entry) & mask
    if (((slot - wanted) & mask) < ((slot - hole) & mask)) continue
    store<u64>(slots + (usize(hole) << 3), entry)
    hole = slot
  }
  store<u64>(slots + (usize(hole) << 3), 0)
}

function grow(): void {
  const before = slots
  const count = mask + 1
  slots = allocate(usize(count) << 4, 64)
  mask = count * 2 - 1
  for (let slot: u32 = 0; slot < count; slot++) {
    const entry = load<u64>(before + (usize(slot) << 3))
    if (entry >>> 32 != 0) link(u32(entry >>> 32), u32(entry))
  }
  giveBack(before, usize(count) << 3)
}
