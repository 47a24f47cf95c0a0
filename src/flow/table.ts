import { clearRow, copyColumns, FlowColumns, SideColumns } from './columns.ts'
import { type FlowKey, KEY_WORDS } from './key.ts'

/** A row of the table. Rows are reused after `remove`; `FlowColumns.serial` is what names a flow for good. */
export type FlowId = number & { readonly __flow: true }

export const NO_FLOW = -1 as FlowId

/** An index slot that was never used; others hold row + 1. */
const EMPTY = 0

/**
 * Flows as a structure of arrays: one typed array a fact, a row a flow.
 *
 * The index over it is open addressing with linear probing, at most half full; removal shifts the cluster
 * back, so there are no tombstones. Everything grows by doubling; `columns` and `sides` are replaced then,
 * so hold them no longer than one packet.
 */
export class FlowTable {
  columns: FlowColumns
  sides: SideColumns
  /** Rows in use. */
  size = 0
  private rows: number
  private slots: Int32Array
  private mask: number
  /** First free row + 1, linked through `columns.after`; rows at or beyond `fresh` were never used. */
  private free = 0
  private fresh = 0
  private nextSerial = 0

  constructor(rows = 1024) {
    this.rows = rows
    this.columns = new FlowColumns(rows)
    this.sides = new SideColumns(rows)
    this.slots = new Int32Array(rows * 2)
    this.mask = rows * 2 - 1
  }

  /** Flows ever inserted. */
  get serials(): number {
    return this.nextSerial
  }

  find(key: FlowKey): FlowId {
    const { slots, mask } = this
    const { key: keys, hash: hashes } = this.columns
    const { words, hash } = key
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1
      if (row < 0) return NO_FLOW
      if (hashes[row] !== hash) continue
      const at = row * KEY_WORDS
      let i = 0
      while (i < KEY_WORDS && keys[at + i] === words[i]) i++
      if (i === KEY_WORDS) return row as FlowId
    }
  }

  /** Adds a row with every column 0 but key, hash and serial. The key must not be there yet. */
  insert(key: FlowKey): FlowId {
    const row = this.takeRow()
    const columns = this.columns
    columns.key.set(key.words, row * KEY_WORDS)
    columns.hash[row] = key.hash
    columns.serial[row] = this.nextSerial++
    this.size++
    this.link(row)
    return row as FlowId
  }

  /** Takes the row out of the index and makes it free for another flow. */
  remove(row: FlowId): void {
    this.unlink(row)
    clearRow(this.columns, row, this.rows)
    clearRow(this.sides, row, this.rows)
    this.columns.after[row] = this.free
    this.free = row + 1
    this.size--
  }

  private takeRow(): number {
    if (this.free !== 0) {
      const row = this.free - 1
      this.free = this.columns.after[row]!
      this.columns.after[row] = 0
      return row
    }
    if (this.fresh === this.rows) this.grow()
    return this.fresh++
  }

  private link(row: number): void {
    const { slots, mask } = this
    let slot = this.columns.hash[row]! & mask
    while (slots[slot] !== EMPTY) slot = (slot + 1) & mask
    slots[slot] = row + 1
  }

  /** Backward-shift deletion: each follower moves into the hole unless that is before its home slot. */
  private unlink(row: number): void {
    const { slots, mask } = this
    const hashes = this.columns.hash
    let hole = hashes[row]! & mask
    while (slots[hole] !== row + 1) hole = (hole + 1) & mask
    for (let slot = (hole + 1) & mask; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const home = hashes[slots[slot]! - 1]! & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      slots[hole] = slots[slot]!
      hole = slot
    }
    slots[hole] = EMPTY
  }

  private grow(): void {
    const rows = this.rows * 2
    const columns = new FlowColumns(rows)
    const sides = new SideColumns(rows)
    copyColumns(this.columns, columns)
    copyColumns(this.sides, sides)
    this.columns = columns
    this.sides = sides
    this.slots = new Int32Array(rows * 2)
    this.mask = rows * 2 - 1
    // Only `takeRow` grows, and only when no row is free: every row below is in use.
    for (let row = 0; row < this.rows; row++) this.link(row)
    this.rows = rows
  }
}
