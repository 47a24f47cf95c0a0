import { networkInterfaces } from 'node:os'
import { type Address, formatAddress } from '../wire/address.ts'
import { SystemError } from './libc.ts'
import { Rtnetlink } from './sockets/rtnetlink.ts'

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
    this.#known = new Set(ownAddresses() ?? runningAddresses())
    return this.#known.has(text)
  }
}

/** Of every interface of the thread's network namespace; `undefined` where they may not be asked for. */
export function ownAddresses(): string[] | undefined {
  try {
    return Rtnetlink.with((netlink) => netlink.addresses())
  } catch (error) {
    if (error instanceof SystemError) return undefined
    throw error
  }
}

/** Without those of interfaces that lack a carrier, or whose carrier the kernel has yet to tell of (up to 1 s). */
function runningAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
}

/** 127/8 and ::1. */
function isLoopback({ family, words }: Address): boolean {
  return family === 4
    ? words[0]! >>> 24 === 127
    : words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1
}
