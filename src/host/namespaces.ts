import { readdirSync } from 'node:fs'
import { UserError } from '../user-error.ts'
import { SystemError } from './libc.ts'
import { currentNetns, findNetns, insideNetns, type NetworkNamespace, netnsInode } from './netns.ts'
import { hasCapability } from './privileges.ts'
import { Rtnetlink } from './rtnetlink.ts'

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
  #addressesAt = Number.NEGATIVE_INFINITY

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

  /** The one namespace other than the own that has this address; loopback addresses are of none. */
  withAddress(addr: string): NamedNetns | undefined {
    const [inode, ...more] = this.#with(addr)
    return inode === undefined || more.length > 0 ? undefined : { inode, name: this.name(inode) }
  }

  /** Whether a namespace other than the own has an interface with this address, which is no loopback address. */
  has(inode: number, addr: string): boolean {
    return this.#with(addr).includes(inode)
  }

  #with(addr: string): readonly number[] {
    return /^127\.|^::1$/.test(addr) ? [] : (this.#addresses().get(addr) ?? [])
  }

  #addresses(): Map<string, readonly number[]> {
    const now = performance.now()
    if (now - this.#addressesAt < AGE) return this.#byAddress
    this.#addressesAt = now
    const found = new Map<string, number[]>()
    for (const { inode } of this.all()) {
      if (inode === this.own) continue
      for (const addr of this.inside(inode, ownAddresses) ?? []) {
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

function ownAddresses(): string[] {
  try {
    return Rtnetlink.with((netlink) => netlink.addresses())
  } catch (error) {
    if (error instanceof SystemError) return []
    throw error
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
