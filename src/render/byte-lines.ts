const DOT = 0x2e
const ZERO = 0x30
/** Below this a number is a machine integer, and its division needs no floating point. */
const SMALL = 0x7fffffff

/** Bytes of ASCII digits, dots and colons in a growing buffer: what a long listing is made of. */
export class ByteArena {
  bytes = new Uint8Array(1 << 20)
  length = 0
  readonly #encoder = new TextEncoder()

  /** Room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  /** A number from 0 to 2^32 - 1. */
  decimal(value: number): void {
    const digits = decimalLength(value)
    let rest = value
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const next = rest < SMALL ? (rest / 10) | 0 : Math.floor(rest / 10)
      this.bytes[at] = ZERO + rest - 10 * next
      rest = next
    }
    this.length += digits
  }

  /** An IPv4 address, the host-order number of its big-endian word. */
  ipv4(word: number): void {
    this.#octet(word >>> 24)
    this.byte(DOT)
    this.#octet((word >>> 16) & 0xff)
    this.byte(DOT)
    this.#octet((word >>> 8) & 0xff)
    this.byte(DOT)
    this.#octet(word & 0xff)
  }

  #octet(value: number): void {
    const tens = (value / 10) | 0
    if (value >= 100) this.byte(ZERO + ((value / 100) | 0))
    if (value >= 10) this.byte(ZERO + (tens % 10))
    this.byte(ZERO + value - 10 * tens)
  }

  spaces(count: number): void {
    const end = this.length + count
    for (let at = this.length; at < end; at++) this.bytes[at] = 0x20
    this.length = end
  }

  /** Any text as UTF-8. */
  text(text: string): void {
    this.reserve(3 * text.length)
    this.length += this.#encoder.encodeInto(text, this.bytes.subarray(this.length)).written
  }

  /** Bytes from elsewhere, short ones: no view is made of them. */
  copy(from: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) this.bytes[this.length++] = from[at]!
  }
}

export function decimalLength(value: number): number {
  if (value < 10) return 1
  let digits = 2
  for (let limit = 100; value >= limit && digits < 10; limit *= 10) digits++
  return digits
}
