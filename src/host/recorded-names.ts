import type { RecordedName } from '../capture/decoder.ts'
import { formatAddress } from '../wire/address.ts'

/** The names that a capture file gives addresses, as far as it was read. */
export class RecordedNames {
  readonly #byAddress = new Map<string, string>()
  #taken = 0

  /** The name of an address in canonical text; `all` is the decoder's list, which only grows. */
  find(address: string, all: readonly RecordedName[]): string | undefined {
    while (this.#taken < all.length) {
      const { family, words, name } = all[this.#taken++]!
      this.#byAddress.set(formatAddress(family, words), name)
    }
    return this.#byAddress.get(address)
  }
}
