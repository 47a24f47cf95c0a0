import { asciiJson } from './json-text.ts'

/** Behind every text of unknown length so much is free, bytes: more than all else in the longest line. */
const RESERVE = 8 * 1024
const QUOTE = 0x22
const BACKSLASH = 0x5c
const POINT = 0x2e
const OPEN = 0x7b
const CLOSE = 0x7d
const ZERO = 0x30
const FIRST_PRINTABLE = 0x20
const DELETE = 0x7f

/** `00` to `99`, each as one little-endian number of 16 bits. */
const PAIRS = Uint16Array.from(
  { length: 100 },
  (_, n) => ZERO + Math.floor(n / 10) + ((ZERO + (n % 10)) << 8),
)

/**
 * ASCII that a line has often, eight letters to a number: copied so it takes 0.5 ns a letter, one by one 1.6 (measured,
 * docs/performance.md). A NaN, which might change on the way, has a byte above 0x7f.
 */
export class Literal {
  readonly length: number
  readonly words: Float64Array

  constructor(text: string) {
    const bytes = Uint8Array.from({ length: Math.ceil(text.length / 8) * 8 }, (_, i) => text.charCodeAt(i))
    const view = new DataView(bytes.buffer)
    this.length = text.length
    this.words = Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(i * 8, true))
  }
}

/**
 * A line of ASCII that is put together as bytes, from left to right. Strings take half as long again: most of that goes
 * into numbers, which become strings of their own first.
 *
 * The fields of a JSON object are written with a comma before each; `object` makes the first one a brace.
 */
export class AsciiLine {
  private bytes = new Uint8Array(2 * RESERVE)
  private view = new DataView(this.bytes.buffer)
  private at = 0

  /** What was written since the last call: borrowed until the next line begins. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.at)
    this.at = 0
    return taken
  }

  /** Bytes written so far: where the object begins whose fields come next. */
  get length(): number {
    return this.at
  }

  /** What was written from there on, fields, was an object. */
  object(from: number): this {
    if (this.at === from) this.at++
    this.bytes[from] = OPEN
    this.bytes[this.at++] = CLOSE
    return this
  }

  put({ words, length }: Literal): this {
    const { view } = this
    let { at } = this
    this.at += length
    for (let i = 0; i < words.length; i++, at += 8) view.setFloat64(at, words[i]!, true)
    return this
  }

  /** As `String` writes it. */
  number(value: number): this {
    if (value >>> 0 === value) return this.digits(value, width(value))
    // Below 2^33 doubles stand closer together than millionths, so that no shorter text means the same double.
    const millionths = Math.round(value * 1e6)
    if (value > 0 && value < 2 ** 32 && millionths / 1e6 === value) return this.fraction(millionths)
    return this.text(String(value))
  }

  /** With zeros in front; `width` is 10 at most. */
  digits(value: number, width: number): this {
    const { view } = this
    let rest = value >>> 0
    let at = this.at + width
    this.at = at
    let left = width
    for (; left > 1; left -= 2) {
      const hundreds = (rest / 100) >>> 0
      at -= 2
      view.setUint16(at, PAIRS[rest - hundreds * 100]!, true)
      rest = hundreds
    }
    if (left > 0) this.bytes[at - 1] = ZERO + rest
    return this
  }

  /** ASCII, as it is. */
  text(text: string): this {
    this.reserve(text.length)
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.at = at
    return this
  }

  /** `asciiJson` of a text. */
  quoted(text: string): this {
    this.reserve(text.length)
    const { bytes } = this
    let { at } = this
    bytes[at++] = QUOTE
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code < FIRST_PRINTABLE || code >= DELETE || code === QUOTE || code === BACKSLASH)
        return this.text(asciiJson(text))
      bytes[at++] = code
    }
    bytes[at] = QUOTE
    this.at = at + 1
    return this
  }

  private fraction(millionths: number): this {
    const whole = Math.floor(millionths / 1e6)
    let rest = millionths - whole * 1e6
    let places = 6
    for (; rest % 10 === 0; places--) rest /= 10
    this.digits(whole, width(whole))
    this.bytes[this.at++] = POINT
    return this.digits(rest, places)
  }

  private reserve(length: number): void {
    const needed = this.at + length + RESERVE
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(2 * needed)
    grown.set(this.bytes)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }
}

/** A line for who wants strings. */
export function asciiText(line: Uint8Array): string {
  return Buffer.from(line.buffer, line.byteOffset, line.length).toString('latin1')
}

/** Decimal digits of a number below 2^32. */
function width(value: number): number {
  if (value < 100) return value < 10 ? 1 : 2
  if (value < 10_000) return value < 1000 ? 3 : 4
  if (value < 1_000_000) return value < 100_000 ? 5 : 6
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8
  return value < 1_000_000_000 ? 9 : 10
}
