/** RFC 1951 section 3.2.7: a code is at most so many bits long. */
const MAX_LENGTH = 15

/** A canonical Huffman code (RFC 1951 section 3.2.2): its lengths alone say it. */
export class HuffmanCode {
  /** Whether all bits mean something. */
  isComplete = false
  /** How many codes there are of each length. */
  private readonly counts = new Uint16Array(MAX_LENGTH + 1)
  private readonly next = new Uint16Array(MAX_LENGTH + 1)
  /** In the order of their codes. */
  private readonly symbols: Uint16Array

  constructor(size: number) {
    this.symbols = new Uint16Array(size)
  }

  /**
   * The code of `count` symbols, whose lengths in bits begin at `from`; 0 is a symbol that does not occur. False where
   * bits would mean two things, or nothing: the latter is right only without any code, and of a single one of one bit.
   */
  set(lengths: Uint8Array, from: number, count: number): boolean {
    const { counts, next, symbols } = this
    counts.fill(0)
    for (let symbol = 0; symbol < count; symbol++) counts[lengths[from + symbol]!]!++
    counts[0] = 0
    let free = 1
    let longest = 0
    next[0] = 0
    for (let length = 1; length <= MAX_LENGTH; length++) {
      free = free * 2 - counts[length]!
      if (free < 0) return false
      if (counts[length] !== 0) longest = length
      next[length] = next[length - 1]! + counts[length - 1]!
    }
    for (let symbol = 0; symbol < count; symbol++) {
      const length = lengths[from + symbol]!
      if (length !== 0) symbols[next[length]!++] = symbol
    }
    this.isComplete = free === 0
    return this.isComplete || longest <= 1
  }

  /** Takes one symbol; -1 when the bits are no code. */
  read(bits: BitSource): number {
    const { counts, symbols } = this
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= MAX_LENGTH; length++) {
      code |= bits.take(1)
      const count = counts[length]!
      if (code - first < count) return symbols[index + code - first]!
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return -1
  }
}

export interface BitSource {
  /** The next `count` bits, the first of them the lowest. */
  take(count: number): number
}
