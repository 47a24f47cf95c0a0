/** Hexadecimal digits that matter of an address: its low 48 bits, which a number holds exactly. */
const DIGITS = 12
const SPACE = 0x20
const NEWLINE = 0x0a

/** The kernel's functions by address, from `/proc/kallsyms` (`ADDRESS TYPE NAME [MODULE]`, in no sure order). */
export class KernelSymbols {
  readonly #bytes: Uint8Array
  /** In ascending order; beside each, where its name begins in the bytes. */
  readonly #addresses: Float64Array
  readonly #names: Uint32Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    const addresses: number[] = []
    const names: number[] = []
    for (let line = 0; line < bytes.length; ) {
      const space = bytes.indexOf(SPACE, line)
      if (space < 0) break
      // Types in lower case are local, t and w are code; everything else holds data.
      const type = (bytes[space + 1] ?? 0) | 0x20
      if (type === 0x74 || type === 0x77) {
        addresses.push(hexadecimal(bytes, Math.max(line, space - DIGITS), space))
        names.push(space + 3)
      }
      const end = bytes.indexOf(NEWLINE, space)
      line = end < 0 ? bytes.length : end + 1
    }
    const order = Uint32Array.from(addresses.keys()).sort((a, b) => addresses[a]! - addresses[b]!)
    this.#addresses = Float64Array.from(order, (index) => addresses[index]!)
    this.#names = Uint32Array.from(order, (index) => names[index]!)
  }

  /**
   * The function that an address (low 48 bits) lies in, without the compiler's suffixes (`.isra.0`, `.cold`);
   * `null` when there is none, as where the kernel shows all addresses as 0.
   */
  find(address: number): string | null {
    const addresses = this.#addresses
    if ((addresses.at(-1) ?? 0) === 0) return null
    let low = 0
    let high = addresses.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (addresses[middle]! <= address) low = middle + 1
      else high = middle
    }
    return low === 0 ? null : this.#name(this.#names[low - 1]!)
  }

  #name(at: number): string {
    let name = ''
    for (let i = at; isNameByte(this.#bytes[i]); i++) name += String.fromCharCode(this.#bytes[i]!)
    return name
  }
}

/** Letters, digits and `_`. */
function isNameByte(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const letter = byte | 0x20
  return (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f
}

function hexadecimal(bytes: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    value = value * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57)
  }
  return value
}
