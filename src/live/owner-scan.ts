import { eachSocketOwner, listPids } from '../host/process/procfs.ts'
import type { SocketProcess } from '../sockets/socket.ts'
import type { Row } from './model/row.ts'

/** Longest piece of a scan, ms: a key must not wait. */
const SLICE_MS = 6
/** A scan takes at most this share of the time. */
const SHARE = 0.008
/** Owners change without the socket: everything is looked at again after this long, ms. */
const RENEW_MS = 60_000

/** Who holds which socket, found out in pieces, and only while there are sockets of which it is not known. */
export class OwnerScan {
  /** Processes whose descriptors cannot be read. */
  denied = 0
  #owners = new Map<number, SocketProcess[]>()
  /** Looked for and not found: nobody's, or of somebody whom this user may not see. */
  #missing = new Set<number>()
  #next = new Map<number, SocketProcess[]>()
  #wanted = new Set<number>()
  #pids: number[] = []
  #deniedNow = 0
  #spent = 0
  #endedAt = Number.NEGATIVE_INFINITY
  #cost = 0

  /** What is known of the rows' owners is put into their records; true when something was. */
  apply(rows: Iterable<Row>): boolean {
    let changed = false
    const unknown = new Set<number>()
    for (const { record, hasSocket } of rows) {
      if (!hasSocket || record.inode === 0) continue
      const [first] = record.processes
      if (first !== undefined && first.fd >= 0) continue
      const owners = this.#owners.get(record.inode)
      if (owners !== undefined) {
        record.processes = owners
        changed = true
      } else if (first === undefined) unknown.add(record.inode)
    }
    this.#wanted = unknown
    return changed
  }

  /** Goes on with the scan, or begins one if it is time; true when one ended and `apply` has something new. */
  work(): boolean {
    if (this.#pids.length === 0 && !this.#begin()) return false
    const start = performance.now()
    let spent = 0
    while (this.#pids.length > 0 && spent < SLICE_MS) {
      this.#deniedNow += eachSocketOwner(this.#visit, [this.#pids.pop()!])
      spent = performance.now() - start
    }
    this.#spent += spent
    if (this.#pids.length > 0) return false
    this.#end()
    return true
  }

  /** Sockets have owners that this user may not see. */
  get lacking(): boolean {
    return this.denied > 0 && this.#wanted.size > 0
  }

  /** A scan is going on: `work` should be called soon. */
  get busy(): boolean {
    return this.#pids.length > 0
  }

  #begin(): boolean {
    const since = performance.now() - this.#endedAt
    const isNew = [...this.#wanted].some((inode) => !this.#missing.has(inode))
    const wait = isNew ? this.#cost / SHARE : RENEW_MS
    if (since < wait) return false
    this.#pids = listPids().reverse()
    this.#next = new Map()
    this.#deniedNow = 0
    this.#spent = 0
    return true
  }

  #end(): void {
    this.#owners = this.#next
    this.#next = new Map()
    this.#missing = new Set([...this.#wanted].filter((inode) => !this.#owners.has(inode)))
    this.denied = this.#deniedNow
    this.#cost = this.#spent
    this.#endedAt = performance.now()
  }

  readonly #visit = (inode: number, pid: number, fd: number, comm: string): void => {
    const owner: SocketProcess = { pid, comm, fd }
    const owners = this.#next.get(inode)
    if (owners === undefined) this.#next.set(inode, [owner])
    else owners.push(owner)
  }
}
