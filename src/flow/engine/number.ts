import { numberText } from './host.ts'
import { cursor, moveTo, putByte, putDigits, putWhole, widthOf } from './line.ts'

/*
 * Numbers as JavaScript's `String` writes them: the fewest digits that mean the same double, and of those the nearest.
 */

const POINT = 0x2e
const BILLION: u64 = 1_000_000_000
/** Bits of a double's fraction, and by how much its exponent is moved when that is taken as a whole number. */
const FRACTION_BITS = 52
const BIAS = 1075

/** Powers of five that fit into 64 bits, and of ten as doubles. */
const POWERS = 28
const fives: usize = memory.data(POWERS * 8, 8)
const tens: usize = memory.data(POWERS * 8, 8)
let five: u64 = 1
let ten: f64 = 1
for (let k = 0; k < POWERS; k++, five *= 5, ten *= 10) {
  store<u64>(fives + (k << 3), five)
  store<f64>(tens + (k << 3), ten)
}

export function putNumber(value: f64): void {
  const whole = u32(value)
  if (f64(whole) == value) {
    putWhole(whole)
    return
  }
  if (value > 0 && value < 4294967296.0) {
    // Below 2^33 doubles stand closer together than millionths, so that no shorter text means the same double.
    const millionths = round(value * 1e6)
    if (millionths / 1e6 == value) {
      putMillionths(millionths)
      return
    }
  }
  if (value >= 1e-6 && value < 9007199254740992.0) {
    if (Math.floor(value) == value) putLong(u64(value))
    else putShortest(value)
    return
  }
  moveTo(cursor() + numberText(value, cursor()))
}

/** `Math.round` of a number that is not negative. */
export function round(value: f64): f64 {
  const whole = Math.floor(value)
  return value - whole >= 0.5 ? whole + 1 : whole
}

/** A whole number of millionths, below 2^32 millions. */
export function putMillionths(millionths: f64): void {
  const whole = u32(Math.floor(millionths / 1e6))
  let rest = u32(millionths - f64(whole) * 1e6)
  putWhole(whole)
  if (rest == 0) return
  let places: u32 = 6
  if (rest % 1000 == 0) {
    rest /= 1000
    places = 3
  }
  for (; rest % 10 == 0; places--) rest /= 10
  putByte(POINT)
  putDigits(rest, places)
}

/** Any whole number; returns how many digits it has. */
export function putLong(value: u64): u32 {
  if (value < BILLION) {
    const width = widthOf(u32(value))
    putDigits(u32(value), width)
    return width
  }
  const high = value / BILLION
  const width = putLong(high)
  putDigits(u32(value - high * BILLION), 9)
  return width + 9
}

/**
 * A number with a fraction, from a millionth up to 2^53. In units of 10^-k it and the ends of the interval of numbers
 * that mean the same double are whole numbers of 18 digits, known exactly: 5^k fits into 64 bits. Then digits are
 * dropped while two whole numbers of units remain in the interval (as Ryū does: Adams, PLDI 2018, section 3).
 */
function putShortest(value: f64): void {
  const bits = reinterpret<u64>(value)
  const fraction = bits & ((u64(1) << FRACTION_BITS) - 1)
  const mantissa = fraction | (u64(1) << FRACTION_BITS)
  const exponent = i32(bits >>> FRACTION_BITS) - BIAS
  let k = 1
  while (value * load<f64>(tens + (k << 3)) < 1e17) k++
  const power = load<u64>(fives + (k << 3))
  // Quarters of a unit in the last place: the interval ends halfway to the neighbours, the lower of which is nearer
  // behind a power of two.
  const shift = u64(2 - exponent - k)
  const below: u64 = fraction == 0 ? 1 : 2
  const closed = (mantissa & 1) == 0
  let low = scaled(4 * mantissa - below, power, shift)
  let lowExact = closed && exact
  let middle = scaled(4 * mantissa, power, shift)
  let middleExact = exact
  let high = scaled(4 * mantissa + 2, power, shift)
  if (exact && !closed) high--
  let dropped: u64 = 0
  let count = 0
  for (;;) {
    const isWider = high / 10 > low / 10
    if (!isWider && (!lowExact || low % 10 != 0)) break
    if (isWider) lowExact = lowExact && low % 10 == 0
    middleExact = middleExact && dropped == 0
    dropped = middle % 10
    low /= 10
    middle /= 10
    high /= 10
    count++
  }
  // In the middle between two the even one is nearer.
  if (middleExact && dropped == 5 && (middle & 1) == 0) dropped = 4
  if ((middle == low && !lowExact) || dropped >= 5) middle++
  putPlaces(middle, k - count)
}

/** Whether the last result of `scaled` has no fraction. */
let exact: bool = false

/** `factor` × `power` / 2^`shift`, rounded down; `shift` is from 1 to 63 and the result fits. */
function scaled(factor: u64, power: u64, shift: u64): u64 {
  const a = factor & 0xffffffff
  const b = factor >>> 32
  const c = power & 0xffffffff
  const d = power >>> 32
  const ac = a * c
  const ad = a * d + (ac >>> 32)
  const bc = b * c + (ad & 0xffffffff)
  const high = b * d + (ad >>> 32) + (bc >>> 32)
  const low = (bc << 32) | (ac & 0xffffffff)
  exact = low << (64 - shift) == 0
  return (high << (64 - shift)) | (low >>> shift)
}

/** The number with its last `places` digits behind the point. */
function putPlaces(digits: u64, places: i32): void {
  const from = cursor()
  const width = i32(putLong(digits))
  if (places >= width) {
    // `0.`, then zeros, then the digits.
    const zeros = 2 + places - width
    memory.copy(from + zeros, from, width)
    for (let i = 0; i < zeros; i++) store<u8>(from + i, i == 1 ? POINT : 0x30)
    moveTo(from + zeros + width)
    return
  }
  memory.copy(from + (width - places) + 1, from + (width - places), places)
  store<u8>(from + (width - places), POINT)
  moveTo(from + width + 1)
}
