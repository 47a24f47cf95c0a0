/**
 * Turns a pcapng timestamp, 64 bits in units of a power of 10 or 2 of a second, into whole seconds and nanoseconds
 * (finer units are cut off). Exact without BigInt: long division in steps that stay below 2^53.
 */
export class TimeResolution {
  /** Result of `split`: whole seconds of the unit's epoch. */
  seconds = 0
  /** Result of `split`: 0 to 999 999 999. */
  nanos = 0
  readonly #exponent: number
  readonly #binary: boolean
  readonly #unitsPerSecond: number
  readonly #nanosPerUnit: number

  /** `resolution` as if_tsresol has it: an exponent, with bit 7 set to the base 2. Default 6, microseconds. */
  constructor(resolution = 6) {
    this.#binary = resolution > 127
    this.#exponent = resolution & 127
    this.#unitsPerSecond = 10 ** Math.min(this.#exponent, 9)
    this.#nanosPerUnit = 10 ** (9 - Math.min(this.#exponent, 9))
  }

  split(high: number, low: number): void {
    if (this.#binary) this.#splitBinary(high, low)
    else this.#splitDecimal(high, low)
  }

  #splitDecimal(high: number, low: number): void {
    // Finer than a nanosecond: divided down to nanoseconds first, in steps that fit.
    for (let excess = this.#exponent - 9; excess > 0; excess -= 9) {
      const divisor = 10 ** Math.min(excess, 9)
      const upper = Math.floor(high / divisor)
      low = divideTail(high % divisor, low, divisor)
      high = upper
    }
    const divisor = this.#unitsPerSecond
    this.seconds = Math.floor(high / divisor) * 2 ** 32 + divideTail(high % divisor, low, divisor)
    this.nanos = remainderTail(high % divisor, low, divisor) * this.#nanosPerUnit
  }

  /** The product is rounded to 53 bits, far below a nanosecond; dividing by a power of 2 is exact. */
  #splitBinary(high: number, low: number): void {
    const exponent = this.#exponent
    const upper = high * 2 ** (32 - exponent)
    const lower = low * 2 ** -exponent
    this.seconds = Math.floor(upper) + Math.floor(lower)
    let fraction = upper - Math.floor(upper) + (lower - Math.floor(lower))
    if (fraction >= 1) {
      fraction -= 1
      this.seconds++
    }
    this.nanos = Math.floor(fraction * 1e9)
  }
}

/** (rest·2^32 + low) div divisor, for rest < divisor ≤ 10^9: two steps of 16 bits keep it below 2^46. */
function divideTail(rest: number, low: number, divisor: number): number {
  const upper = rest * 0x10000 + (low >>> 16)
  const lower = (upper % divisor) * 0x10000 + (low & 0xffff)
  return Math.floor(upper / divisor) * 0x10000 + Math.floor(lower / divisor)
}

/** (rest·2^32 + low) mod divisor, with the same bounds. */
function remainderTail(rest: number, low: number, divisor: number): number {
  const upper = rest * 0x10000 + (low >>> 16)
  return ((upper % divisor) * 0x10000 + (low & 0xffff)) % divisor
}
