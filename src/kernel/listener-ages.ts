import type { StateFact } from './fact.ts'

/** Listening sockets that are remembered; the oldest go first. */
const CAPACITY = 4096

interface Listener {
  readonly netns: number | null
  readonly addr: string
  readonly port: number
  /** Kernel nanoseconds. */
  readonly at: number
}

/** When sockets began to listen, as far as that was seen. */
export class ListenerAges {
  /** By the kernel's address of the socket. */
  readonly #open = new Map<number, Listener>()

  /** Takes a change of state; all but those to and from LISTEN are passed over. */
  state({ proto, socket, from, to, local, netns, at }: StateFact): void {
    if (proto !== 'tcp' || (from !== 'LISTEN' && to !== 'LISTEN')) return
    this.#open.delete(socket)
    if (to !== 'LISTEN') return
    this.#open.set(socket, { netns, addr: local.addr, port: local.port, at })
    if (this.#open.size > CAPACITY) this.#open.delete(this.#open.keys().next().value!)
  }

  /** How many sockets of a namespace that listen at this address began to after `at` (kernel nanoseconds). */
  youngerThan(at: number, netns: number | null, addr: string, port: number): number {
    let count = 0
    for (const listener of this.#open.values())
      if (
        listener.at > at &&
        listener.port === port &&
        listener.addr === addr &&
        (listener.netns === netns || listener.netns === null)
      )
        count++
    return count
  }
}
