/** Words of a trouble row. */
export const RETRANSMISSIONS = 0
export const FAST_RETRANSMISSIONS = 1
export const SPURIOUS_RETRANSMISSIONS = 2
export const OUT_OF_ORDER = 3
export const LOST_SEGMENTS = 4
export const DUP_ACKS = 5
export const ZERO_WINDOWS = 6
export const WINDOW_FULLS = 7
export const KEEP_ALIVES = 8
export const RESETS = 9
/** Sequence number of the latest reset, relative to the initial one. */
export const RESET_SEQUENCE = 10
/** Zeek's own counts behind the letters T, W and G. */
export const REPEATED = 11
export const CLOSED_WINDOWS = 12
export const GAPS = 13
/** First open gap + 1 (`gaps.ts`). */
export const FIRST_GAP = 14
/** Bytes acknowledged but never seen: low and high 32 bits. */
export const MISSED = 15
/** Acknowledged and counted as missed up to this number, when the second is 1. */
export const UNSEEN_UP_TO = 17
export const UNSEEN_KNOWN = 18
/** Segments that repeat a number sent before, and how many numbers: low and high 32 bits. */
export const REXMT_PACKETS = 19
export const REXMT_BYTES = 20
/** Payload bytes that are sent again, or against a closed window: low and high 32 bits. */
export const NOT_UNIQUE = 22
/** First gap + 1 of those that were acknowledged (`gaps.ts`), and how many there are. */
export const FIRST_MISSED = 24
export const MISSED_GAPS = 25
/** Lowest number seen, when the second is 1; else the one after the initial number. */
export const LOWEST = 26
export const LOWEST_KNOWN = 27

const WORDS = 28

/**
 * What most directions of most flows never need, a row each from the first trouble on.
 *
 * Row 0 stays all zero and stands for "none yet", so reading needs no test:
 * `trouble.words[trouble.at(index) + DUP_ACKS]`.
 */
export class TroublePool {
  words = new Uint32Array(64 * WORDS)
  private rows = 1
  private readonly free: number[] = []

  /** Offset of row `row`'s first word. */
  at(row: number): number {
    return row * WORDS
  }

  /** A row of zeros. */
  take(): number {
    const reused = this.free.pop()
    if (reused !== undefined) return reused
    if ((this.rows + 1) * WORDS > this.words.length) {
      const grown = new Uint32Array(this.words.length * 2)
      grown.set(this.words)
      this.words = grown
    }
    return this.rows++
  }

  release(row: number): void {
    if (row === 0) return
    this.words.fill(0, row * WORDS, (row + 1) * WORDS)
    this.free.push(row)
  }

  get(row: number, word: number): number {
    return this.words[row * WORDS + word]!
  }

  set(row: number, word: number, value: number): void {
    this.words[row * WORDS + word] = value
  }

  /** Adds to a count of two words, low and high 32 bits. */
  add(row: number, word: number, value: number): void {
    const sum = this.large(row, word) + value
    this.set(row, word, sum % 2 ** 32)
    this.set(row, word + 1, Math.floor(sum / 2 ** 32))
  }

  /** A count of two words. */
  large(row: number, word: number): number {
    return this.get(row, word) + this.get(row, word + 1) * 2 ** 32
  }

  /** Counts one more and returns the new count. */
  count(row: number, word: number): number {
    return ++this.words[row * WORDS + word]!
  }
}
