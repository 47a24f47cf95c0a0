const DOT = 0x2e
const ZERO = 0x30
/** Below this a number is a machine integer, and its division needs no floating point. */
const SMALL = 0x7fffffff

/** Of each octet its digits, left-aligned in three bytes, then how many they are. */
const OCTETS = new Uint8Array(4 * 256)
for (let octet = 0; octet < 256; octet++) {
  const text = String(octet)
  for (let digit = 0; digit < text.length; digit++) OCTETS[4 * octet + digit] = text.charCodeAt(digit)
  OCTETS[4 * octet + 3] = text.length
}

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
    const { bytes, length } = this
    const end = length + decimalLength(value)
    let rest = value
    for (let at = end - 1; at >= length; at--) {
      const next = rest < SMALL ? (rest / 10) | 0 : Math.floor(rest / 10)
      bytes[at] = ZERO + rest - 10 * next
      rest = next
    }
    this.length = end
  }

  /** An IPv4 address, the host-order number of its big-endian word. */
  ipv4(word: number): void {
    const { bytes } = this
    let at = this.length
    for (let shift = 24; shift >= 0; shift -= 8) {
      const octet = 4 * ((word >>> shift) & 0xff)
      const digits = OCTETS[octet + 3]!
      bytes[at++] = OCTETS[octet]!
      if (digits > 1) bytes[at++] = OCTETS[octet + 1]!
      if (digits > 2) bytes[at++] = OCTETS[octet + 2]!
      if (shift > 0) bytes[at++] = DOT
    }
    this.length = at
  }

  spaces(count: number): void {
    const { bytes } = this
    const end = this.length + count
    for (let at = this.length; at < end; at++) bytes[at] = 0x20
    this.length = end
  }

  /** Any text as UTF-8. */
  text(text: string): void {
    this.reserve(3 * text.length)
    this.length += this.#encoder.encodeInto(text, this.bytes.subarray(this.length)).written
  }

  /** Bytes from elsewhere, short ones: no view is made of them. */
  copy(from: Uint8Array, start: number, end: number): void {
    const { bytes } = this
    let to = this.length
    for (let at = start; at < end; at++) bytes[to++] = from[at]!
    this.length = to
  }
}

export function decimalLength(value: number): number {
  if (value < 10) return 1
  let digits = 2
  for (let limit = 100; value >= limit && digits < 10; limit *= 10) digits++
  return digits
}

/** Letters of an IPv4 address. */
export function ipv4Length(word: number): number {
  return (
    3 +
    OCTETS[4 * (word >>> 24) + 3]! +
    OCTETS[4 * ((word >>> 16) & 0xff) + 3]! +
    OCTETS[4 * ((word >>> 8) & 0xff) + 3]! +
    OCTETS[4 * (word & 0xff) + 3]!
  )
}
