import { cursor, moveTo, putByte, putDigits, putWhole } from './line.ts'
import { putLong } from './number.ts'

// What sentences are put together from.

const NANOS_PER_MS: f64 = 1e6
const NANOS_PER_SECOND: f64 = 1e9
const POINT = 0x2e
const MINUS = 0x2d
/** What a double's fraction is cut with into two halves whose products are exact (Dekker 1971). */
const SPLITTER: f64 = 134217729

/** ASCII. Strings have 16 bits a letter: four at once become bytes, up to three too many. */
export function say(text: string): void {
  let from = changetype<usize>(text)
  let to = cursor()
  const after = to + text.length
  for (; to < after; to += 4, from += 8) {
    const pairs = load<u64>(from)
    const halves = (pairs | (pairs >>> 8)) & 0x0000ffff0000ffff
    store<u32>(to, u32(halves | (halves >>> 16)))
  }
  moveTo(after)
}

export function saySide(isClient: bool): void {
  say(isClient ? 'client' : 'server')
}

export function sayCount(value: i32): void {
  if (value < 0) putByte(MINUS)
  putWhole(value < 0 ? 0 - value : value)
}

export function sayBytes(count: i32): void {
  sayCount(count)
  say(count == 1 ? ' byte' : ' bytes')
}

/** `0.036 ms`, from a second on `1.500 s`. */
export function sayDuration(nanos: f64): void {
  const isShort = nanos < NANOS_PER_SECOND
  sayFixed(isShort ? nanos / NANOS_PER_MS : nanos / NANOS_PER_SECOND, 3)
  say(isShort ? ' ms' : ' s')
}

/** `Number.prototype.toFixed` with 1 or 3 places: it rounds the exact value of the double, half of a unit up. */
export function sayFixed(value: f64, places: u32): void {
  if (value < 0) {
    putByte(MINUS)
    value = -value
  }
  const power: f64 = places == 1 ? 10 : 1000
  let whole = Math.floor(value)
  const fraction = value - whole
  const product = fraction * power
  let units = Math.floor(product)
  const rest = product - units
  // The product is rounded itself: where it seems to be the half of a unit it can be less.
  if (rest > 0.5 || (rest == 0.5 && productError(fraction, power, product) >= 0)) units++
  if (units == power) {
    units = 0
    whole++
  }
  putLong(u64(whole))
  putByte(POINT)
  putDigits(u32(units), places)
}

/** What was lost when `a` × `b`, small numbers, became the double `product`. */
function productError(a: f64, b: f64, product: f64): f64 {
  const cut = a * SPLITTER
  const high = cut - (cut - a)
  return high * b - product + (a - high) * b
}
