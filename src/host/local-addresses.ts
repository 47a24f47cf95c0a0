import { networkInterfaces } from 'node:os'
import { type Address, formatAddress } from '../wire/address.ts'

/** An address that is not known is looked for again after this long, ms. */
const REFRESH = 1000

/** The addresses of this machine (of the thread's network namespace). */
export class LocalAddresses {
  #known = new Set<string>()
  #at = Number.NEGATIVE_INFINITY

  has(address: Address): boolean {
    if (isLoopback(address)) return true
    const text = formatAddress(address.family, address.words)
    if (this.#known.has(text)) return true
    const now = performance.now()
    if (now - this.#at < REFRESH) return false
    this.#at = now
    this.#known = new Set()
    for (const list of Object.values(networkInterfaces()))
      for (const { address } of list ?? []) this.#known.add(address)
    return this.#known.has(text)
  }
}

/** 127/8 and ::1. */
function isLoopback({ family, words }: Address): boolean {
  return family === 4
    ? words[0]! >>> 24 === 127
    : words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1
}
