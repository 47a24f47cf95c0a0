import { readSync } from 'node:fs'
import type { RecordedName } from '../../capture/decoder.ts'
import { namesAtEnd, PCAPNG_MAGIC_BYTES } from '../../capture/pcapng-tail.ts'
import { formatAddress } from '../../wire/address.ts'

/** How much of the end of a file is searched for names. */
const TAIL_BYTES = 4 * 1024 * 1024

/** The names that a capture file gives addresses: those behind its packets, and those before, as far as it was read. */
export class RecordedNames {
  readonly #byAddress = new Map<string, string>()
  readonly #atEnd = new Map<string, string>()
  #taken = 0

  /** Takes the names at the end of an open file of `size` bytes, so that they are known from its first packet on. */
  readEnd(fd: number, size: number): void {
    const head = readAt(fd, 0, PCAPNG_MAGIC_BYTES)
    const begin = Math.max(0, size - TAIL_BYTES)
    for (const { family, words, name } of namesAtEnd(head, readAt(fd, begin, size - begin)))
      this.#atEnd.set(formatAddress(family, words), name)
  }

  /** The name of an address in canonical text; `all` is the decoder's list, which only grows. */
  find(address: string, all: readonly RecordedName[]): string | undefined {
    while (this.#taken < all.length) {
      const { family, words, name } = all[this.#taken++]!
      this.#byAddress.set(formatAddress(family, words), name)
    }
    return this.#byAddress.get(address) ?? this.#atEnd.get(address)
  }
}

function readAt(fd: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  return bytes.subarray(0, readSync(fd, bytes, 0, length, position))
}
