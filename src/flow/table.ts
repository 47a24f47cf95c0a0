import { AFTER, FlowView, SERIAL } from './flow-view.ts'
import { type FlowKey, isIpv4, KEY_META, KEY_PORTS } from './key.ts'
import { FlowMemory, ROW_WORDS } from './memory.ts'

/** A row of the table. Rows are reused after `remove`; `FlowView.serial` is what names a flow for good. */
export type FlowId = number & { readonly __flow: true }

export const NO_FLOW = -1 as FlowId

/** In the second word of an index slot: never used. Others hold row + 1. */
const EMPTY = 0

/**
 * Flows by their key: an index over rows of numbers.
 *
 * The index is open addressing with linear probing, at most half full; a slot is the key's hash and the row, so
 * that only the right row is looked at. Removal shifts the cluster back: there are no tombstones.
 */
export class FlowTable {
  /** The rows. Grows by doubling, its views move along. */
  readonly memory: FlowMemory
  /** Rows in use. */
  size = 0
  private slots: Int32Array
  private mask: number
  /** First free row + 1, linked through AFTER; rows at or beyond `fresh` were never used. */
  private free = 0
  private fresh = 0
  private nextSerial = 0
  private readonly view: FlowView

  constructor(rows = 1024) {
    this.memory = new FlowMemory(rows)
    this.view = new FlowView(this.memory)
    this.slots = new Int32Array(rows * 4)
    this.mask = rows * 2 - 1
  }

  /** Flows ever inserted. */
  get serials(): number {
    return this.nextSerial
  }

  /** The id of the flow in a row. */
  serialOf(row: number): number {
    return this.memory.words[row * ROW_WORDS + SERIAL]!
  }

  find(key: FlowKey): FlowId {
    const { slots, mask } = this
    const { hash } = key
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot * 2 + 1]! - 1
      if (row < 0) return NO_FLOW
      if (slots[slot * 2] === hash && this.matches(row, key)) return row as FlowId
    }
  }

  /** Adds a row of zeros but for key, hash and serial. The key must not be there yet. */
  insert(key: FlowKey): FlowId {
    const row = this.takeRow()
    const { view } = this
    view.move(row)
    view.setKey(key.words)
    view.hash = key.hash
    view.serial = this.nextSerial++
    this.size++
    this.link(row, key.hash)
    return row as FlowId
  }

  /** Takes the row out of the index and makes it free for another flow. */
  remove(row: FlowId): void {
    this.unlink(row)
    this.memory.clear(row)
    this.memory.words[row * ROW_WORDS + AFTER] = this.free
    this.free = row + 1
    this.size--
  }

  /** The address words that IPv4 does not use are 0, and its family is in the last word. */
  private matches(row: number, key: FlowKey): boolean {
    const at = row * ROW_WORDS
    const stored = this.memory.words
    const { words } = key
    if (stored[at] !== words[0] || stored[at + 4] !== words[4]) return false
    if (stored[at + KEY_PORTS] !== words[KEY_PORTS] || stored[at + KEY_META] !== words[KEY_META]) return false
    if (isIpv4(words[KEY_META]!)) return true
    for (let i = 1; i < KEY_PORTS; i++) if (stored[at + i] !== words[i]) return false
    return true
  }

  private takeRow(): number {
    if (this.free !== 0) {
      const row = this.free - 1
      const { words } = this.memory
      this.free = words[row * ROW_WORDS + AFTER]!
      words[row * ROW_WORDS + AFTER] = 0
      return row
    }
    if (this.fresh === this.memory.rows) this.grow()
    return this.fresh++
  }

  private link(row: number, hash: number): void {
    const { slots, mask } = this
    let slot = hash & mask
    while (slots[slot * 2 + 1] !== EMPTY) slot = (slot + 1) & mask
    slots[slot * 2] = hash
    slots[slot * 2 + 1] = row + 1
  }

  /** Backward-shift deletion: each follower moves into the hole unless that is before its home slot. */
  private unlink(row: number): void {
    const { slots, mask, view } = this
    view.move(row)
    let hole = view.hash & mask
    while (slots[hole * 2 + 1] !== row + 1) hole = (hole + 1) & mask
    for (let slot = (hole + 1) & mask; slots[slot * 2 + 1] !== EMPTY; slot = (slot + 1) & mask) {
      const home = slots[slot * 2]! & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      slots[hole * 2] = slots[slot * 2]!
      slots[hole * 2 + 1] = slots[slot * 2 + 1]!
      hole = slot
    }
    slots[hole * 2 + 1] = EMPTY
  }

  /** Only when no row is free: every row is in the index. */
  private grow(): void {
    const before = this.slots
    this.memory.grow()
    this.slots = new Int32Array(before.length * 2)
    this.mask = before.length - 1
    for (let slot = 0; slot < before.length; slot += 2)
      if (before[slot + 1] !== EMPTY) this.link(before[slot + 1]! - 1, before[slot]!)
  }
}
