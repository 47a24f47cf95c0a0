import { EMPTY_VIEW } from './frame.ts'
import { HuffmanCode } from './huffman-code.ts'

/** What is inflated at most: no IP packet is longer (RFC 791 section 3.1, RFC 8200 section 3). */
const MAX_BYTES = 0xffff

// RFC 1951 section 3.2.3: types of blocks. Section 3.2.7: how many codes a block may have.
const STORED = 0
const FIXED = 1
const DYNAMIC = 2
const LITERALS = 286
const DISTANCES = 30
const CODE_LENGTHS = 19
/** Those of a fixed block; their last ones never occur (section 3.2.6). */
const FIXED_LITERALS = 288
const FIXED_DISTANCES = 32

/** Ends a block; above it are lengths of copies. */
const END_OF_BLOCK = 256

// Section 3.2.5: the first of each range, and how many bits more say which in it.
const LENGTH_BASE = Uint16Array.of(
  ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163],
  ...[195, 227, 258],
)
const LENGTH_BITS = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
)
const DISTANCE_BASE = Uint16Array.of(
  ...[1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049],
  ...[3073, 4097, 6145, 8193, 12289, 16385, 24577],
)

/** From here on calls that copy what is there, doubling it, beat a loop: 64 KiB take 25 to 50 µs and not 120. */
const LONG = 32

/** Section 3.2.7: the order in which a block tells the lengths of the code of its code lengths. */
const LENGTH_ORDER = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
/** The length before it again; 17 and this one are runs of zeros. */
const REPEAT_LAST = 16
const REPEAT_LONG = 18

/**
 * Reads DEFLATE data (RFC 1951) without allocation or exception, into memory of its own that is taken once.
 * zlib would take 16 KiB for each packet and give them back later: 40 000 damaged ones held 600 MB (Node 20).
 */
export class Inflater {
  /** What was inflated; borrowed: valid until the next `inflate`. */
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = EMPTY_VIEW
  length = 0

  private input: Uint8Array = this.bytes
  private at = 0
  private end = 0
  /** Bits that were read and not yet taken, the next one lowest. */
  private bits = 0
  private bitCount = 0
  private readonly lengths = new Uint8Array(FIXED_LITERALS + FIXED_DISTANCES)
  private readonly literals = new HuffmanCode(FIXED_LITERALS)
  private readonly distances = new HuffmanCode(FIXED_DISTANCES)

  /**
   * Inflates what begins at `from` in `input`, which must not be `bytes`. False when it is damaged, does not end
   * before `end`, or is longer than an IP packet. What follows the end of the data is not looked at.
   */
  inflate(input: Uint8Array, from: number, end: number): boolean {
    if (this.bytes.length === 0) {
      this.bytes = new Uint8Array(MAX_BYTES)
      this.view = new DataView(this.bytes.buffer)
    }
    this.input = input
    this.at = from
    this.end = end
    this.bits = 0
    this.bitCount = 0
    this.length = 0
    for (let last = 0; last === 0; ) {
      last = this.take(1)
      if (!this.block(this.take(2)) || this.at > this.end) return false
    }
    return true
  }

  /** Up to 16 bits; behind the end they are 0, and `at` is beyond it. */
  take(count: number): number {
    while (this.bitCount < count) {
      if (this.at < this.end) this.bits |= this.input[this.at]! << this.bitCount
      this.at++
      this.bitCount += 8
    }
    const taken = this.bits & ((1 << count) - 1)
    this.bits >>>= count
    this.bitCount -= count
    return taken
  }

  private block(type: number): boolean {
    switch (type) {
      case STORED:
        return this.stored()
      case FIXED:
        return this.fixedCodes() && this.compressed()
      case DYNAMIC:
        return this.dynamicCodes() && this.compressed()
      default:
        return false
    }
  }

  /** Section 3.2.4: from the next whole byte, its length and the complement of that. */
  private stored(): boolean {
    this.bits = 0
    this.bitCount = 0
    const length = this.take(16)
    if (this.take(16) !== (length ^ 0xffff)) return false
    if (this.at + length > this.end || this.length + length > MAX_BYTES) return false
    for (let i = 0; i < length; i++) this.bytes[this.length++] = this.input[this.at++]!
    return true
  }

  /** Section 3.2.6. */
  private fixedCodes(): boolean {
    const { lengths } = this
    lengths.fill(8, 0, 144)
    lengths.fill(9, 144, 256)
    lengths.fill(7, 256, 280)
    lengths.fill(8, 280, FIXED_LITERALS)
    lengths.fill(5, FIXED_LITERALS)
    return (
      this.literals.set(lengths, 0, FIXED_LITERALS) &&
      this.distances.set(lengths, FIXED_LITERALS, FIXED_DISTANCES)
    )
  }

  /** Section 3.2.7: the lengths of both codes are themselves Huffman coded, by a code that comes before them. */
  private dynamicCodes(): boolean {
    const { lengths, literals, distances } = this
    const literalCount = this.take(5) + 257
    const distanceCount = this.take(5) + 1
    const lengthCount = this.take(4) + 4
    if (literalCount > LITERALS || distanceCount > DISTANCES) return false
    lengths.fill(0, 0, CODE_LENGTHS)
    for (let i = 0; i < lengthCount; i++) lengths[LENGTH_ORDER[i]!] = this.take(3)
    if (!literals.set(lengths, 0, CODE_LENGTHS) || !literals.isComplete) return false
    const count = literalCount + distanceCount
    for (let i = 0; i < count; ) {
      const symbol = literals.read(this)
      if (symbol < 0 || this.at > this.end) return false
      if (symbol < REPEAT_LAST) {
        lengths[i++] = symbol
        continue
      }
      if (symbol === REPEAT_LAST && i === 0) return false
      const value = symbol === REPEAT_LAST ? lengths[i - 1]! : 0
      const times = symbol === REPEAT_LONG ? 11 + this.take(7) : 3 + this.take(symbol === REPEAT_LAST ? 2 : 3)
      if (i + times > count) return false
      lengths.fill(value, i, i + times)
      i += times
    }
    if (lengths[END_OF_BLOCK] === 0) return false
    return literals.set(lengths, 0, literalCount) && distances.set(lengths, literalCount, distanceCount)
  }

  /** Section 3.2.3: literal bytes and copies of what came before, until the block's end. */
  private compressed(): boolean {
    const { bytes, literals } = this
    for (;;) {
      const symbol = literals.read(this)
      if (symbol < 0 || this.at > this.end) return false
      if (symbol === END_OF_BLOCK) return true
      if (symbol > END_OF_BLOCK) {
        if (!this.copy(symbol - END_OF_BLOCK - 1)) return false
      } else if (this.length === MAX_BYTES) return false
      else bytes[this.length++] = symbol
    }
  }

  /** `range` is the index of the length's range. What is copied may reach into its own copy. */
  private copy(range: number): boolean {
    if (range >= LENGTH_BASE.length) return false
    const count = LENGTH_BASE[range]! + this.take(LENGTH_BITS[range]!)
    const symbol = this.distances.read(this)
    if (symbol < 0 || symbol >= DISTANCES) return false
    const distance = DISTANCE_BASE[symbol]! + this.take(symbol < 4 ? 0 : (symbol >> 1) - 1)
    const { bytes, length } = this
    if (distance > length || length + count > MAX_BYTES) return false
    const from = length - distance
    if (count < LONG) for (let i = 0; i < count; i++) bytes[length + i] = bytes[from + i]!
    else
      for (let done = 0; done < count; ) {
        const part = Math.min(count - done, distance + done)
        bytes.copyWithin(length + done, from, from + part)
        done += part
      }
    this.length += count
    return true
  }
}
