/**
 * Records of a perf ring (perf_event_open(2), "MMAP layout"), little-endian.
 *
 * Every event of the ring is opened with `SAMPLE_TYPE` and `sample_id_all`, so that all records carry
 * pid, tid, time and cpu: samples in front, the others in a trailer of `TRAILER` bytes.
 */
export const RECORD_LOST = 2
export const RECORD_COMM = 3
export const RECORD_EXIT = 4
export const RECORD_FORK = 7
export const RECORD_SAMPLE = 9

/** PERF_SAMPLE_TID | TIME | CPU | RAW. */
export const SAMPLE_TYPE = 0x2 | 0x4 | 0x80 | 0x400

const HEADER = 8
/** u32 pid, tid; u64 time; u32 cpu, reserved. */
const TRAILER = 24
const MISC_COMM_EXEC = 1 << 13
/** A record's size is a u16, a multiple of 8. */
const LARGEST = 1 << 16

/**
 * Walks the records of one ring. Borrowed: the getters speak of the present record until `next()`.
 * Holds no record: a record that wraps around the ring's end is copied into one scratch buffer.
 */
export class RecordCursor {
  /** Where the present record lies: the ring itself or the scratch buffer. */
  view: DataView
  type = 0
  /** Nanoseconds of the clock that the events were opened with. */
  time = 0
  readonly #ring: Uint8Array
  readonly #ringView: DataView
  readonly #scratch = new Uint8Array(LARGEST)
  readonly #scratchView = new DataView(this.#scratch.buffer)
  #position = 0
  #head = 0
  #start = 0
  #size = 0

  /** `ring` is the data area alone; its length is a power of two. */
  constructor(ring: Uint8Array) {
    this.#ring = ring
    this.#ringView = new DataView(ring.buffer, ring.byteOffset, ring.byteLength)
    this.view = this.#ringView
  }

  /** From `tail` up to `head`: running byte counts as the kernel keeps them, not yet modulo the ring. */
  begin(tail: number, head: number): void {
    this.#position = tail
    this.#head = head
    this.#size = 0
  }

  /** Byte count where the present record begins, or the head after the last one: the tail to hand back. */
  get position(): number {
    return this.#position
  }

  /** Moves to the next record; false at the head, or at a record that cannot be one (the rest is given up). */
  next(): boolean {
    this.#position += this.#size
    this.#size = 0
    const available = this.#head - this.#position
    if (available < HEADER) return false
    const start = this.#position % this.#ring.length
    // Sizes are multiples of 8, so a header never wraps.
    const size = this.#ringView.getUint16(start + 6, true)
    if (size < HEADER || size > available) {
      this.#position = this.#head
      return false
    }
    this.#size = size
    const whole = this.#ring.length - start
    if (size <= whole) {
      this.view = this.#ringView
      this.#start = start
    } else {
      this.#scratch.set(this.#ring.subarray(start))
      this.#scratch.set(this.#ring.subarray(0, size - whole), whole)
      this.view = this.#scratchView
      this.#start = 0
    }
    this.type = this.view.getUint32(this.#start, true)
    this.time = this.#time()
    return true
  }

  /** Thread group, in the reader's pid namespace: 0 outside of it, 0xffffffff when it was already reaped. */
  get pid(): number {
    return this.view.getUint32(this.#start + 8, true)
  }

  get tid(): number {
    const at = this.type === RECORD_FORK || this.type === RECORD_EXIT ? 16 : 12
    return this.view.getUint32(this.#start + at, true)
  }

  /** FORK: thread group of the thread that forked. */
  get parentPid(): number {
    return this.view.getUint32(this.#start + 12, true)
  }

  /** FORK: the thread that forked. */
  get parentTid(): number {
    return this.view.getUint32(this.#start + 20, true)
  }

  /** COMM: the name was set by execve(2), not by prctl(2) or a write to /proc. */
  get exec(): boolean {
    return (this.view.getUint16(this.#start + 4, true) & MISC_COMM_EXEC) !== 0
  }

  /** COMM: the new name, at most 15 bytes, byte for byte. Borrowed. */
  get comm(): Uint8Array {
    const from = this.#start + 16
    const to = Math.min(this.#start + this.#size - TRAILER, from + 16)
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + from, Math.max(0, to - from))
    const end = bytes.indexOf(0)
    return end < 0 ? bytes : bytes.subarray(0, end)
  }

  /** LOST: how many records found no room. */
  get lost(): number {
    return this.view.getUint32(this.#start + 16, true)
  }

  /** SAMPLE: where the tracepoint's own record begins in `view`. */
  get raw(): number {
    return this.#start + 36
  }

  /** SAMPLE: bytes of the tracepoint's own record, with padding. */
  get rawLength(): number {
    const length = this.view.getUint32(this.#start + 32, true)
    return Math.min(length, this.#size - 36)
  }

  /** SAMPLE: id of the tracepoint (`common_type`, the first field of every tracepoint's record). */
  get tracepoint(): number {
    return this.rawLength < 2 ? -1 : this.view.getUint16(this.raw, true)
  }

  #time(): number {
    const at = this.#start + (this.type === RECORD_SAMPLE ? 16 : this.#size - 16)
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 0x1_0000_0000
  }
}
