import { readlinkSync } from 'node:fs'
import type { TracedProcess } from '../../kernel/traced-process.ts'
import type { Attribution } from '../../process-ref.ts'
import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  inetDumpRequest,
  inetLookupRequest,
} from '../../sockets/diag-request.ts'
import { socketInode } from '../../sockets/process-text.ts'
import { parseInetDiag } from '../../sockets/sock-diag.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { type Address, formatAddress } from '../../wire/address.ts'
import { Budget } from '../budget.ts'
import { monotonicNow } from '../kernel/tracepoints.ts'
import { SystemError } from '../libc.ts'
import { listPids, readComm, scanSocketOwners } from '../process/procfs.ts'
import { SockDiag } from './netlink.ts'
import { type Descriptor, INIT, SocketScan } from './socket-scan.ts'
import { snapshot } from './socket-table.ts'
import { OwnerSearch } from './wanted-owners.ts'

/** Both ends of a connection, seen from this machine. */
export interface Ends {
  readonly local: Address
  readonly localPort: number
  readonly remote: Address
  readonly remotePort: number
}

/** A process that holds a socket, or held it when it mattered. */
export interface Holder {
  readonly pid: number
  readonly attribution: Attribution
  /** As it was when it called listen(), or when /proc was scanned: all that is left once it is gone. */
  readonly seen: TracedProcess
}

const LISTEN_ONLY = 1 << 10
/** How long a table read from /proc/net is used, ms: reading it costs in proportion to all sockets. */
const TABLE_AGE = 100
/** Longest piece of a search, ms: the packet ring holds several times as much. */
const SLICE = 10

const MAX_LOOKS = 4096

/** A descriptor that was seen to be the socket's. */
interface Look {
  readonly of: Descriptor
  /** Before it was looked at, ns of the kernel's CLOCK_MONOTONIC. */
  readonly at: number
  /** Known once the process's name was read too. */
  holder: Holder | undefined
}

const CONTEXT = {
  netns: null,
  interfaceName: (index: number) => `${index}`,
  userName: () => undefined,
  decode: () => '',
}

/**
 * Sockets and their holders as they are now. Everything that costs time has a budget: what does not fit is
 * answered with `undefined`, as is everything that changed while it was looked at.
 */
export class SocketFinder {
  /** How the holder of a socket came to be known. */
  readonly attribution: Attribution
  readonly #diag: SockDiag | undefined
  /** One lookup takes about 30 µs, the descriptors of one process 100 µs. */
  readonly #lookups = new Budget(0.1, 50)
  /** All of /proc/PID/fd: 8 ms with 68 processes, 0.8 s with 100 000 descriptors. */
  readonly #scans = new Budget(0.2, 30)
  #scan = new SocketScan()
  /** A question waits for the rest of the scan. */
  #asked = false
  #holders = this.#scan.holders
  /** By inode, what the last look at a descriptor showed. */
  readonly #looks = new Map<number, Look>()
  #table: { at: number; records: SocketRecord[] } | undefined

  constructor() {
    this.#diag = openDiag()
    this.attribution = this.#diag === undefined ? 'procfs' : 'socket'
  }

  /** The TCP socket with these ends, in any state but LISTEN. */
  connection(ends: Ends): SocketRecord | undefined {
    return this.#lookups.run(() => this.#connection(ends))
  }

  /** Listening TCP sockets. */
  listeners(): SocketRecord[] | undefined {
    return this.#lookups.run(() =>
      snapshot({ tables: ['tcp'], states: LISTEN_ONLY, processes: false }).records.filter(
        ({ state }) => state === 'LISTEN',
      ),
    )
  }

  /** UDP sockets. */
  datagrams(): SocketRecord[] | undefined {
    return this.#lookups.run(() => snapshot({ tables: ['udp'], processes: false }).records)
  }

  /**
   * Which of `pids` hold the socket; reads their descriptors alone, and none when the answer is still the last one.
   * `time` as for `holder`.
   */
  holdersAmong(inode: number, pids: readonly number[], time = Number.POSITIVE_INFINITY): number[] {
    const known = this.#holders.get(inode)
    if (known !== undefined && pids.includes(known.pid) && this.#isHolding(known, inode, time))
      return [known.pid]
    const owners = this.#lookups.run(() => scanSocketOwners(pids).byInode.get(inode)) ?? []
    const holders = [...new Set(owners.map(({ pid }) => pid))]
    if (holders.length === 1) this.#holders.set(inode, owners[0]!)
    return holders
  }

  /**
   * The process that holds the socket. One that is not known yet is searched for a while, and on every later
   * question and `work()`: `undefined` now may be a process then. What was seen after `time` (ns, the kernel's
   * CLOCK_MONOTONIC) is not looked at again: the packets of one read turn on one look.
   */
  holder(inode: number, time = Number.POSITIVE_INFINITY): Holder | undefined {
    if (inode === 0) return undefined
    const known = this.#stillHeld(inode, time)
    if (known !== undefined) return known
    if (this.#scan.done) this.#scan = new SocketScan()
    this.#search(() => this.#scan.holders.has(inode))
    const found = this.#stillHeld(inode, time)
    this.#asked = found === undefined && !this.#scan.done
    return found
  }

  /** Searches on for what was asked and not found. */
  work(): void {
    if (this.#asked && !this.#scan.done) this.#search(() => false)
  }

  /**
   * Finds the holders of these sockets. Where there are many descriptors the kernel's iterator does it, 60 ms for
   * 200 000 of them; where that cannot be had, as far as `milliseconds` go.
   */
  prepare(inodes: readonly number[], milliseconds: number): void {
    if (milliseconds === 0) return
    const missing = new Set(inodes)
    if (this.#searchAll(missing)) return
    this.#scan.run(milliseconds, () => {
      for (const inode of missing) if (this.#scan.holders.has(inode)) missing.delete(inode)
      return missing.size === 0
    })
  }

  close(): void {
    this.#diag?.close()
    this.#scan.close()
  }

  /** False when links are faster, or the iterator cannot be had. */
  #searchAll(inodes: ReadonlySet<number>): boolean {
    const search = new OwnerSearch(listPids)
    try {
      return search.find(inodes, (inode, pid, fd) => {
        // Pids ascend: of several the lowest is kept, init only when it is alone.
        const known = this.#holders.get(inode)
        if (known === undefined || known.pid === INIT) this.#holders.set(inode, { pid, fd })
      })
    } finally {
      search.close()
    }
  }

  #search(enough: () => boolean): void {
    this.#scans.run(() => this.#scan.run(SLICE, enough))
    if (this.#scan.done) this.#holders = this.#scan.holders
  }

  #stillHeld(inode: number, time: number): Holder | undefined {
    const known = this.#scan.holders.get(inode) ?? this.#holders.get(inode)
    if (known === undefined) return undefined
    const last = this.#looks.get(inode)
    if (last?.of === known && last.holder !== undefined && last.at > time) return last.holder
    const { pid } = known
    const comm = this.#isHolding(known, inode, Number.POSITIVE_INFINITY) ? readComm(pid) : undefined
    if (comm === undefined) {
      this.#scan.holders.delete(inode)
      this.#holders.delete(inode)
      return undefined
    }
    const holder = { pid, attribution: this.attribution, seen: { pid, comm, netns: null } }
    this.#looks.get(inode)!.holder = holder
    return holder
  }

  /** True when the descriptor is the socket's, by a look at it after `time`. */
  #isHolding(known: Descriptor, inode: number, time: number): boolean {
    const last = this.#looks.get(inode)
    if (last?.of === known && last.at > time) return true
    const at = monotonicNow()
    this.#looks.delete(inode)
    if (!isHolding(known, inode)) return false
    if (this.#looks.size >= MAX_LOOKS) this.#looks.clear()
    this.#looks.set(inode, { of: known, at, holder: undefined })
    return true
  }

  #connection(ends: Ends): SocketRecord | undefined {
    const record = this.#diag === undefined ? this.#fromTable(ends) : lookUpTcp(this.#diag, ends)
    return record?.state === 'LISTEN' ? undefined : record
  }

  #fromTable(ends: Ends): SocketRecord | undefined {
    const now = performance.now()
    if (this.#table === undefined || now - this.#table.at > TABLE_AGE)
      this.#table = { at: now, records: snapshot({ tables: ['tcp'], processes: false }).records }
    const local = formatAddress(ends.local.family, ends.local.words)
    const remote = formatAddress(ends.remote.family, ends.remote.words)
    return this.#table.records.find(
      (record) =>
        record.local.port === ends.localPort &&
        record.remote.port === ends.remotePort &&
        sameAddress(record.local.addr, local) &&
        sameAddress(record.remote.addr, remote),
    )
  }
}

/** The socket with these ends; without such a connection the kernel names the listener that would take it. */
export function lookUpTcp(
  diag: SockDiag,
  { local, localPort, remote, remotePort }: Ends,
): SocketRecord | undefined {
  return diag.lookup(
    inetLookupRequest(local.family === 4 ? AF_INET : AF_INET6, IPPROTO_TCP, {
      source: local.words,
      sourcePort: localPort,
      destination: remote.words,
      destinationPort: remotePort,
    }),
    (view, offset, end) => parseInetDiag(view, offset, end, 'tcp', CONTEXT),
  )
}

/** `shown` may be IPv4-mapped: an IPv6 socket that speaks IPv4. */
function sameAddress(shown: string | undefined, address: string): boolean {
  return shown === address || shown === `::ffff:${address}`
}

function isHolding({ pid, fd }: Descriptor, inode: number): boolean {
  try {
    return socketInode(readlinkSync(`/proc/${pid}/fd/${fd}`)) === inode
  } catch {
    return false
  }
}

/** The kernel's socket tables, or `undefined` where it has no inet_diag. */
function openDiag(): SockDiag | undefined {
  let diag: SockDiag | undefined
  try {
    diag = new SockDiag()
    diag.dump(inetDumpRequest(AF_INET, IPPROTO_TCP, LISTEN_ONLY), () => undefined)
    return diag
  } catch (error) {
    diag?.close()
    if (error instanceof SystemError) return undefined
    throw error
  }
}
