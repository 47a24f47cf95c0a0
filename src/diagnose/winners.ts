import type { Endpoint } from '../flow/event.ts'
import { NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'
import type { KernelTrace } from './kernel-evidence.ts'

/** How soon after an attempt began another must have succeeded to supersede it (RFC 8305 calls it happy eyeballs). */
const SUPERSEDED_WITHIN = 2 * NANOS_PER_SECOND
const CAPACITY = 4096

interface Winner {
  readonly at: Nanos
  readonly addr: string
}

/** Connections that were established lately, by who dialled and to which port. */
export class Winners {
  readonly #latest = new Map<string, Winner>()

  take({ dialler, established, names }: KernelTrace): void {
    if (dialler?.pid === undefined || established === undefined) return
    const { addr, port } = names[1 - dialler.end]!
    const key = `${dialler.pid} ${port}`
    // Put last again, so that the first is the oldest.
    this.#latest.delete(key)
    this.#latest.set(key, { at: established, addr })
    if (this.#latest.size > CAPACITY) this.#latest.delete(this.#latest.keys().next().value!)
  }

  /** Whether the process reached the same port at another address soon after it began to dial this one. */
  supersedes(pid: number, server: Endpoint, start: Nanos): boolean {
    const winner = this.#latest.get(`${pid} ${server.port}`)
    if (winner === undefined || winner.addr === server.addr) return false
    return winner.at >= start && winner.at - start <= SUPERSEDED_WITHIN
  }
}
