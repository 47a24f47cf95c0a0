import type { SocketRecord } from '../sockets/socket.ts'
import { type Address, parseAddress } from '../wire/address.ts'
import type { Ends, Holder, SocketFinder } from './socket-finder.ts'

/** The table is used for this long, ms; a port that it does not have makes it be read again at once. */
const TABLE_AGE = 200
const MISS_AGE = 10

/** Owners of UDP sockets: there is no connect() to see, so the table as it is now has to do. */
export class DatagramOwners {
  readonly #finder: SocketFinder
  #byPort = new Map<number, SocketRecord[]>()
  #at = Number.NEGATIVE_INFINITY

  constructor(finder: SocketFinder) {
    this.#finder = finder
  }

  /** The holder of the socket that receives what `remote` sends to `local`. */
  find(ends: Ends): Holder | undefined {
    this.#refresh(TABLE_AGE)
    let best = this.#best(ends)
    if (best.length === 0) {
      this.#refresh(MISS_AGE)
      best = this.#best(ends)
    }
    const owners = best.map(({ inode }) => this.#finder.holder(inode))
    return owners.every((owner) => owner?.pid === owners[0]?.pid) ? owners[0] : undefined
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

  #refresh(age: number): void {
    const now = performance.now()
    if (now - this.#at < age) return
    const records = this.#finder.datagrams()
    if (records === undefined) return
    this.#at = now
    this.#byPort = new Map()
    for (const record of records) {
      const port = record.local.port
      if (port === undefined) continue
      const list = this.#byPort.get(port)
      if (list === undefined) this.#byPort.set(port, [record])
      else list.push(record)
    }
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
