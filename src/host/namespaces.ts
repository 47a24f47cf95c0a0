import { readdirSync, statSync } from 'node:fs'
import { UserError } from '../user-error.ts'
import { isLoopback } from '../wire/address.ts'
import { monotonicNow } from './kernel/tracepoints.ts'
import { SystemError } from './libc.ts'
import { ownAddresses } from './local-addresses.ts'
import { currentNetns, findNetns, insideNetns, type NetworkNamespace, netnsInode } from './netns.ts'
import { hasCapability } from './privileges.ts'

/** Namespaces and their addresses are looked for again after this, ms: going through /proc takes about 1 ms. */
const AGE = 1000
/** One that is not known makes /proc be read again, but not more often than this, ms. */
const MISS_AGE = 20

export interface NamedNetns {
  readonly inode: number
  /** Its name in /run/netns, or `pid N` of a process that is in it. */
  readonly name: string
}

/** The network namespaces of this machine, as far as this process may look into them. */
export class Namespaces {
  /** Inode of the own one; `null` without /proc. */
  readonly own: number | null = currentNetns()
  #all: readonly NetworkNamespace[] = []
  #at = Number.NEGATIVE_INFINITY
  #names = new Map<number, string>()
  /** Which namespaces have an address; an address of several is of none in particular. */
  #byAddress = new Map<string, readonly number[]>()
  /** Before they were read, ns of CLOCK_MONOTONIC. */
  #addressesAt = Number.NEGATIVE_INFINITY
  /** A namespace that is there could not be looked into: it may have any address. */
  #isIncomplete = false

  all(): readonly NetworkNamespace[] {
    return this.#list(AGE)
  }

  name(inode: number): string {
    const named = this.#names.get(inode)
    if (named !== undefined) return named
    const pid = /^\/proc\/(\d+)\//.exec(this.#find(inode)?.path ?? '')?.[1]
    return `pid ${pid ?? process.pid}`
  }

  /** Does something inside; `undefined` when that namespace is gone or may not be entered. */
  inside<T>(inode: number | undefined, action: () => T): T | undefined {
    if (inode === undefined || inode === this.own) return action()
    const namespace = this.#find(inode)
    if (namespace === undefined) return undefined
    try {
      // The process that led into it may have moved on since.
      return insideNetns(namespace, () => (currentNetns() === inode ? action() : undefined))
    } catch (error) {
      if (error instanceof UserError || error instanceof SystemError) return undefined
      throw error
    }
  }

  /** True when nothing keeps this process out of any of them. */
  get entersAll(): boolean {
    return hasCapability('cap_sys_admin') && hasCapability('cap_sys_ptrace')
  }

  /**
   * The one namespace that has this address, other than the own; loopback addresses are of none. With `since` (ns,
   * CLOCK_MONOTONIC) by a look at all of them that was begun after it: another one may have got it meanwhile.
   */
  withAddress(addr: string, since = Number.NEGATIVE_INFINITY): NamedNetns | undefined {
    const [inode, ...more] = this.#with(addr, since)
    if (inode === undefined || inode === this.own || more.length > 0 || this.#isIncomplete) return undefined
    return { inode, name: this.name(inode) }
  }

  /** Whether a namespace has an interface with this address, which is no loopback address. */
  has(inode: number, addr: string): boolean {
    return this.#with(addr, Number.NEGATIVE_INFINITY).includes(inode)
  }

  #with(addr: string, since: number): readonly number[] {
    return isLoopback(addr) ? [] : (this.#addresses(since).get(addr) ?? [])
  }

  #addresses(since: number): Map<string, readonly number[]> {
    const now = monotonicNow()
    if (this.#addressesAt > since && now - this.#addressesAt < AGE * 1e6) return this.#byAddress
    this.#addressesAt = now
    this.#isIncomplete = false
    const found = new Map<string, number[]>()
    for (const namespace of this.#list(since === Number.NEGATIVE_INFINITY ? AGE : 0)) {
      const { inode } = namespace
      const addresses = this.inside(inode, ownAddresses)
      if (addresses === undefined && isThere(namespace)) this.#isIncomplete = true
      for (const addr of addresses ?? []) {
        const inodes = found.get(addr)
        if (inodes === undefined) found.set(addr, [inode])
        else if (!inodes.includes(inode)) inodes.push(inode)
      }
    }
    this.#byAddress = found
    return found
  }

  #find(inode: number): NetworkNamespace | undefined {
    const wanted = (namespace: NetworkNamespace): boolean => namespace.inode === inode
    return this.#all.find(wanted) ?? this.#list(MISS_AGE).find(wanted)
  }

  #list(age: number): readonly NetworkNamespace[] {
    const now = performance.now()
    if (now - this.#at < age) return this.#all
    this.#at = now
    this.#all = findNetns('all')
    this.#names = names()
    return this.#all
  }
}

function isThere({ inode, path }: NetworkNamespace): boolean {
  try {
    return statSync(path).ino === inode
  } catch {
    return false
  }
}

function names(): Map<number, string> {
  const found = new Map<number, string>()
  for (const name of listNames()) {
    const inode = netnsInode(name)
    if (inode !== undefined) found.set(inode, name)
  }
  return found
}

function listNames(): string[] {
  try {
    return readdirSync('/run/netns')
  } catch {
    return []
  }
}
