import type { SocketRecord } from '../../sockets/socket.ts'
import { formatAddress } from '../../wire/address.ts'
import { Budget } from '../budget.ts'
import { SystemError } from '../libc.ts'
import { Namespaces } from '../namespaces.ts'
import { processNetns } from '../netns.ts'
import { listPids, readComm } from '../process/procfs.ts'
import { SockDiag } from './netlink.ts'
import { type Ends, type Holder, lookUpTcp, type SocketFinder } from './socket-finder.ts'

/**
 * Ends of TCP connections in other network namespaces of this machine: a container's, whose packets pass its bridge.
 *
 * An address leads to its namespace where exactly one has it. Nothing of a namespace is held between two questions: a
 * socket in it would keep it alive.
 */
export class ForeignEnds {
  readonly #namespaces = new Namespaces()
  readonly #finder: SocketFinder
  /** One lookup, with the way there and back, takes about 0.1 ms. */
  readonly #lookups = new Budget(0.1, 50)

  constructor(finder: SocketFinder) {
    this.#finder = finder
  }

  /**
   * Who holds the socket of the end `local` now, and held it at `time` (ns, CLOCK_MONOTONIC). Of a server that is its
   * listener, provided that its namespace knows the connection: a host elsewhere may have the same address.
   */
  find(ends: Ends, role: 'client' | 'server', time: number): Holder | undefined {
    const connection = this.#socket(ends, time)
    if (connection === undefined || connection.state === 'LISTEN') return undefined
    // No connection comes from port 0: the kernel names the listener that it would give one from that address to.
    const listener = role === 'server' ? this.#held({ ...ends, remotePort: 0 }, time) : undefined
    return listener ?? this.#held(ends, time)
  }

  #held(ends: Ends, time: number): Holder | undefined {
    const socket = this.#socket(ends, time)
    if (socket === undefined || socket.inode === 0) return undefined
    if (socket.state === 'LISTEN' && ends.remotePort !== 0) return undefined
    const holder = this.#finder.holder(socket.inode, time) ?? this.#neighbour(ends, socket.inode, time)
    const after = holder && this.#socket(ends, time)
    return after?.cookie === socket.cookie ? holder : undefined
  }

  /** The search of all processes takes its time; those of the namespace are few. Of several the first, their parent. */
  #neighbour(ends: Ends, inode: number, time: number): Holder | undefined {
    const pids = this.#lookups.run(() => this.#pidsAt(ends)) ?? []
    const [pid] = this.#finder.holdersAmong(inode, pids, time).sort((a, b) => a - b)
    const comm = pid === undefined ? undefined : readComm(pid)
    if (pid === undefined || comm === undefined) return undefined
    return { pid, attribution: this.#finder.attribution, seen: { pid, comm, netns: null } }
  }

  /** Processes of the namespace that has the local end's address: 5 µs for each process of the machine. */
  #pidsAt(ends: Ends): number[] {
    const there = this.#namespaces.withAddress(formatAddress(ends.local.family, ends.local.words))
    return there === undefined ? [] : listPids().filter((pid) => processNetns(pid) === there.inode)
  }

  #socket(ends: Ends, time: number): SocketRecord | undefined {
    return this.#lookups.run(() => {
      const there = this.#namespaces.withAddress(formatAddress(ends.local.family, ends.local.words), time)
      return there && this.#namespaces.inside(there.inode, () => lookUp(ends))
    })
  }
}

/** `undefined` without such a socket, or where the kernel has no inet_diag. */
function lookUp(ends: Ends): SocketRecord | undefined {
  let diag: SockDiag | undefined
  try {
    diag = new SockDiag()
    return lookUpTcp(diag, ends)
  } catch (error) {
    if (error instanceof SystemError) return undefined
    throw error
  } finally {
    diag?.close()
  }
}
