import type { SocketRecord } from '../../sockets/socket.ts'
import { type Address, parseAddress } from '../../wire/address.ts'
import { monotonicNow } from '../kernel/tracepoints.ts'
import type { Ends, Holder, SocketFinder } from './socket-finder.ts'

/** Behind an older packet another process may have the port by now, ns. */
const LAG = 200e6
/** So long behind it one that is connected to the very same end is still taken for the one that sent it, ns. */
const CONNECTED_LAG = 2e9
/** A socket that the table does not have makes it be read again, but not more often than this, ns. */
const MISS_AGE = 10e6

/**
 * Owners of UDP sockets. There is no connect() to see, so the table as it is now has to do: for packets that are
 * young enough, and with a table that was read after them.
 */
export class DatagramOwners {
  readonly #finder: SocketFinder
  #byPort = new Map<number, SocketRecord[]>()
  #at = Number.NEGATIVE_INFINITY

  constructor(finder: SocketFinder) {
    this.#finder = finder
  }

  /** The holder of the socket that receives what `remote` sent to `local` at `time` (ns, CLOCK_MONOTONIC). */
  find(ends: Ends, time: number): Holder | undefined {
    const now = monotonicNow()
    if (now - time > CONNECTED_LAG) return undefined
    if (this.#at < time) this.#refresh()
    let best = this.#best(ends)
    if (best.length === 0 && now - this.#at > MISS_AGE) {
      this.#refresh()
      best = this.#best(ends)
    }
    // The table could not be read in time.
    if (this.#at < time) return undefined
    if (now - time > LAG && best.some(({ remote }) => (remote.port ?? 0) === 0)) return undefined
    const owners = best.map(({ inode }) => this.#finder.holder(inode))
    const owner = owners[0]
    if (owner === undefined || owners.some((other) => other?.pid !== owner.pid)) return undefined
    return this.#isStill(best, ends) ? owner : undefined
  }

  /** Finding the holder may have taken a while: the same sockets must be the ones afterwards. */
  #isStill(before: readonly SocketRecord[], ends: Ends): boolean {
    if (monotonicNow() - this.#at <= MISS_AGE) return true
    if (!this.#refresh()) return false
    const after = this.#best(ends)
    return (
      after.length === before.length &&
      before.every(({ inode, cookie }) =>
        after.some((record) => record.inode === inode && record.cookie === cookie),
      )
    )
  }

  /** As udp_lib_lookup chooses: a connected socket, then one bound to the address, then a wildcard. */
  #best(ends: Ends): SocketRecord[] {
    let best: SocketRecord[] = []
    let most = 0
    for (const record of this.#byPort.get(ends.localPort) ?? []) {
      const score = scoreOf(record, ends)
      if (score > most) {
        best = [record]
        most = score
      } else if (score > 0 && score === most) best.push(record)
    }
    return best
  }

  /** False when there was no time left for it. */
  #refresh(): boolean {
    const now = monotonicNow()
    const records = this.#finder.datagrams()
    if (records === undefined) return false
    this.#at = now
    this.#byPort = new Map()
    for (const record of records) {
      const port = record.local.port
      if (port === undefined) continue
      const list = this.#byPort.get(port)
      if (list === undefined) this.#byPort.set(port, [record])
      else list.push(record)
    }
    return true
  }
}

/** 0 when the socket does not take it. */
function scoreOf(record: SocketRecord, { local, remote, remotePort }: Ends): number {
  const bound = parseAddress(record.local.addr ?? '')
  const peer = parseAddress(record.remote.addr ?? '')
  if (bound === undefined || peer === undefined) return 0
  const connected = (record.remote.port ?? 0) !== 0
  if (connected && (record.remote.port !== remotePort || !isSame(peer, remote))) return 0
  const wildcard = bound.words.every((word) => word === 0)
  const family = bound.family === local.family ? 1 : 0
  if (wildcard && family === 0 && (local.family === 6 || record.v6only === true)) return 0
  if (!wildcard && !isSame(bound, local)) return 0
  return 1 + family + (wildcard ? 0 : 2) + (connected ? 4 : 0)
}

/** An IPv6 socket that speaks IPv4 shows mapped addresses. */
function isSame(shown: Address, address: Address): boolean {
  const { words } = shown
  if (shown.family === address.family) return words.every((word, index) => word === address.words[index])
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff && words[3] === address.words[0]
}
