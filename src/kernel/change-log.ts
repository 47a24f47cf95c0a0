import { KIND, NAMED_LENGTH, timeAt } from './ring-record.ts'

/**
 * Where the programs keep changes of state that nobody needs to be told of: memory that user space has mapped, written round
 * and round without ever waking anybody. An entry is a `CHANGE`, in whose first word stand its kind (8 bits) and its number
 * (the lower 24), put there last: of one that is being written the number is that of the round before.
 */
export const LOG = {
  /** u64, entries that were begun, in a cache line of its own. */
  count: 0,
  entries: 64,
  /** Bytes of an entry, as a power of two: one line of the cache, or two with an IPv6 address. */
  shift: 7,
  /** A power of two. At least a quarter is free when nobody looks: 0.3 s of a machine that makes 100 000 changes a second. */
  capacity: 1 << 17,
  /** The reader is woken every so many entries, whether it wants them or not. */
  wake: 1 << 14,
} as const

export const LOG_LENGTH = LOG.entries + (LOG.capacity << LOG.shift)
const NUMBER = 0xff_ffff
/** So often while entries are read it is looked whether they are about to be overwritten. */
const CHECKED = 1 << 10
/** What may be written while so many are read: a ms or three. */
const MARGIN = 1 << 12

/** Bytes in which records of changes lie, as those who read them have them. */
export interface ChangeMemory {
  readonly view: DataView
  readonly words: Int32Array
}

/** Walks the entries: numbers only, nothing is copied. */
export class ChangeLog implements ChangeMemory {
  readonly view: DataView
  readonly words: Int32Array
  /** Where the present entry begins, and how many bytes it may have. */
  offset = 0
  length = 0
  /** Number of the next entry, counted from 0. */
  position = 0
  readonly #count: BigInt64Array

  /** The log begins with `memory`. */
  constructor(memory: Uint8Array) {
    const { buffer, byteOffset } = memory
    this.view = new DataView(buffer, byteOffset, LOG_LENGTH)
    this.words = new Int32Array(buffer, byteOffset, LOG_LENGTH / 4)
    this.#count = new BigInt64Array(buffer, byteOffset + LOG.count, 1)
  }

  /** Entries that were begun. */
  get count(): number {
    return Number(Atomics.load(this.#count, 0))
  }

  /**
   * Looks at the next entry, which is before number `until`; false when there is none, when it is still being written, and
   * when it may be overwritten soon: see `passOverrun`.
   */
  look(until: number): boolean {
    return this.position < until && this.lookAt(this.position)
  }

  /** The same of any behind the next. */
  lookAt(number: number): boolean {
    if (number % CHECKED === 0 && this.count - number > LOG.capacity - MARGIN) return false
    const at = LOG.entries + ((number & (LOG.capacity - 1)) << LOG.shift)
    // Acquire: the entry is whole once its number is there.
    const mark = Atomics.load(this.words, at / 4)
    // Where nothing was ever written it has no kind.
    if (mark >>> 8 !== (number & NUMBER) || (mark & 0xff) === 0) return false
    this.offset = at
    this.length = NAMED_LENGTH[(mark & 0xff) === KIND.state6 ? 6 : 4]
    return true
  }

  /** ns, CLOCK_MONOTONIC, of the present entry. */
  get time(): number {
    return timeAt(this.view, this.offset)
  }

  /** How many entries were overwritten before they were read, or soon may be: what is left begins behind them. */
  passOverrun(): number {
    const { count } = this
    if (count - this.position <= LOG.capacity - MARGIN) return 0
    const from = this.position
    this.position = count - LOG.capacity / 2
    return this.position - from
  }
}
