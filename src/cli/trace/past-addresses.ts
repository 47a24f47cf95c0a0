import type { StateChange } from '../../kernel/state-event.ts'
import { formatAddress, isLoopback } from '../../wire/address.ts'

/** An address is looked up again when a socket that has it changes after this, ms. */
const RENEWED = 10e3
/** So long after it was found last a namespace is taken to have it, ms: longer than connections are remembered. */
const REMEMBERED = 25e3
const CAPACITY = 4096

/**
 * Addresses of other namespaces, which may be gone when somebody asks: a container ends, and then what happened in it
 * is wanted. So they are looked up when the first socket there changes, and for a while what was found holds.
 */
export class PastAddresses {
  readonly #isHere: (addr: string, netns: number) => boolean
  readonly #now: () => number
  /** When the address of a namespace was looked up, by a hash of it: it makes no string for each change. */
  readonly #asked = new Map<number, Map<number, number>>()
  readonly #found = new Map<string, number>()
  #size = 0

  constructor(isHere: (addr: string, netns: number) => boolean, now = (): number => performance.now()) {
    this.#isHere = isHere
    this.#now = now
  }

  /** A socket of another namespace changed; the change is borrowed. */
  see(netns: number, { family, local }: StateChange): void {
    const hash = local.reduce((sum, word) => Math.imul(sum, 31) + word, 0) | 0
    let asked = this.#asked.get(netns)
    const now = this.#now()
    if (hash === 0 || now - (asked?.get(hash) ?? Number.NEGATIVE_INFINITY) < RENEWED) return
    if (this.#size++ >= CAPACITY) {
      this.#asked.clear()
      this.#size = 0
      asked = undefined
    }
    if (asked === undefined) {
      asked = new Map()
      this.#asked.set(netns, asked)
    }
    asked.set(hash, now)
    const addr = formatAddress(family, local)
    if (!isLoopback(addr)) this.has(netns, addr)
  }

  /** Whether a namespace has the address, or had it lately. */
  has(netns: number, addr: string): boolean {
    const key = `${netns} ${addr}`
    const now = this.#now()
    if (!this.#isHere(addr, netns))
      return now - (this.#found.get(key) ?? Number.NEGATIVE_INFINITY) < REMEMBERED
    if (this.#found.size >= CAPACITY) this.#found.clear()
    this.#found.set(key, now)
    return true
  }
}
