import type { Endpoint } from '../flow/event.ts'
import { NANOS_PER_MS, NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'
import type { KernelTrace } from './kernel-evidence.ts'

/** How soon after an attempt began another must have succeeded to supersede it (RFC 8305 calls it happy eyeballs). */
export const SUPERSEDED_WITHIN = 2 * NANOS_PER_SECOND
/**
 * Of those to one address that were dialled one after the other this many are kept in each slot; beyond that the latest
 * takes the place of the one before it.
 */
const SLOT = 50 * NANOS_PER_MS
const PER_SLOT = 4
/** For how long: packets, and with them the questions, may be behind the kernel's word. */
const REMEMBERED = 10 * NANOS_PER_SECOND
const CAPACITY = 4096

interface Winner {
  /** When it began to be dialled, and when it was established. */
  readonly began: Nanos
  readonly at: Nanos
  readonly addr: string
}

/** An attempt that may have been superseded. */
interface Loser {
  readonly start: Nanos
  /** `undefined` while it has not failed. */
  readonly failedAt: Nanos | undefined
}

type ShareName = (a: string, b: string, at: Nanos) => boolean

/** Connections that were established lately, by who dialled and to which port. */
export class Winners {
  readonly #shareName: ShareName
  /** In order of time. */
  readonly #latest = new Map<string, Winner[]>()

  /** `shareName`: whether two addresses are known to belong to one name. */
  constructor(shareName: ShareName = () => false) {
    this.#shareName = shareName
  }

  take({ dialler, established, names }: KernelTrace): void {
    if (dialler?.pid === undefined || established === undefined) return
    const { addr, port } = names[1 - dialler.end]!
    const key = `${dialler.pid} ${port}`
    const winners = this.#latest.get(key) ?? []
    // Put last again, so that the first is the oldest.
    this.#latest.delete(key)
    this.#latest.set(key, winners)
    if (this.#latest.size > CAPACITY) this.#latest.delete(this.#latest.keys().next().value!)
    remember(winners, { began: dialler.at, at: established, addr })
    while (winners[0]!.at + REMEMBERED < established) winners.shift()
  }

  /**
   * Whether the process reached the same port at another address soon after it began to dial this one, and both were
   * one attempt: by two IP families, at two addresses of one name, or at the same time. One after the other is how a
   * health checker dials its backends, each of which may be down.
   */
  supersedes(pid: number, server: Endpoint, { start, failedAt }: Loser): boolean {
    const winners = this.#latest.get(`${pid} ${server.port}`) ?? []
    return winners.some(
      ({ began, at, addr }) =>
        addr !== server.addr &&
        at >= start &&
        at - start <= SUPERSEDED_WITHIN &&
        (addr.includes(':') !== server.addr.includes(':') ||
          failedAt === undefined ||
          began < failedAt ||
          this.#shareName(addr, server.addr, at)),
    )
  }
}

/** Adds it; with the one before it to the same address it is one attempt where the two overlap. */
function remember(winners: Winner[], winner: Winner): void {
  let [before, count] = [-1, 0]
  for (let i = winners.length - 1; i >= 0 && slotOf(winners[i]!) === slotOf(winner); i--)
    if (winners[i]!.addr === winner.addr && count++ === 0) before = i
  const other = winners[before]
  // Of two that do not, one in place of both would seem to have been there while nothing was dialled.
  const overlaps = other !== undefined && winner.began <= other.at
  if (overlaps || count === PER_SLOT) winners.splice(before, 1)
  winners.push(overlaps ? { ...winner, began: Math.min(winner.began, other.began) as Nanos } : winner)
}

function slotOf({ at }: Winner): number {
  return Math.floor(at / SLOT)
}
