/** A record is being written, or was given up (BPF_RINGBUF_BUSY_BIT, _DISCARD_BIT). */
const BUSY = 1 << 31
const DISCARDED = 1 << 30
const LENGTH = DISCARDED - 1
/** u32 length and flags, u32 for the kernel's own use. */
const HEADER = 8

/** Walks the records of a BPF ring buffer: numbers only, nothing is copied. */
export class RingCursor {
  /** Where the present record's own bytes begin in the ring's memory, and how many they are. */
  offset = 0
  length = 0
  readonly #headers: Int32Array
  readonly #size: number
  #position = 0
  #end = 0

  /** `memory` is the ring twice in a row, so that a record that passes its end goes on. */
  constructor(memory: Uint8Array) {
    this.#headers = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4)
    this.#size = memory.byteLength / 2
  }

  /** From what was consumed up to what was produced: byte counts since the ring's beginning. */
  begin(consumed: number, produced: number): void {
    this.#position = consumed
    this.#end = produced
  }

  /** Byte count up to which everything was walked: what to hand back. */
  get position(): number {
    return this.#position
  }

  /** Moves to the next whole record; false at the end, or at one that is still being written. */
  next(): boolean {
    while (this.#position < this.#end) {
      const at = this.#position % this.#size
      // Acquire: the record is whole once its header no longer says busy.
      const header = Atomics.load(this.#headers, at / 4)
      if ((header & BUSY) !== 0) return false
      const length = header & LENGTH
      this.#position += HEADER + ((length + 7) & ~7)
      if ((header & DISCARDED) !== 0) continue
      this.offset = at + HEADER
      this.length = length
      return true
    }
    return false
  }
}
