import { readlinkSync } from 'node:fs'
import {
  setWanted,
  socketFilesProgram,
  WANTED_BYTES,
  WANTED_RECORD,
} from '../../kernel/socket-files-program.ts'
import { socketInode } from '../../sockets/process-text.ts'
import * as libc from '../libc.ts'
import { descriptorCount } from './descriptors.ts'
import { createValue, iterate, loadIterator, setValue } from './file-iterator.ts'
import type { VisitSocketFile } from './socket-files.ts'

/** From this many descriptors on the kernel's iterator, which takes about 15 ms to set up, is faster than links. */
const MANY_DESCRIPTORS = 4000
/** More sockets than this are as quickly found among all: too many bits of the map are set. */
const FEW = 1 << 14
/** A process with more descriptors than this is asked after those with fewer: of one it takes 50 µs, of this 0.2 ms. */
const BIG = 512
/** With more processes than this all are gone through at once. */
const MANY_PROCESSES = 300
/** So many links of a process tell whether its sockets were made at about the time of one of so many wanted ones. */
const SAMPLES = 16

/**
 * The owners of a few sockets on a machine with many descriptors: processes are gone through one by one, the likely
 * ones first, and as soon as every reference to the sockets is accounted for, the rest is left alone. Of 200 000
 * descriptors in ten processes all take 60 ms, one process 6.
 */
export class OwnerSearch {
  readonly #listPids: () => readonly number[]
  #machine: Machine | undefined
  #isPrepared = false

  constructor(listPids: () => readonly number[]) {
    this.#listPids = listPids
  }

  /** Does all that need not know the sockets: `find` does it if it must, 20 ms later. */
  prepare(): void {
    if (!this.#isPrepared) this.#machine = lookAround(this.#listPids())
    this.#isPrepared = true
  }

  /**
   * Calls `visit` in order of pid and descriptor. False, with nothing visited, where links are faster or the iterator
   * cannot be had.
   */
  find(wanted: ReadonlySet<number>, visit: VisitSocketFile): boolean {
    if (wanted.size === 0 || wanted.size > FEW) return false
    this.prepare()
    if (this.#machine === undefined || !setValue(this.#machine.map, bitsOf(wanted))) return false
    const search = new Search(wanted)
    if (!search.oneByOne(this.#machine, this.#listPids) && !search.all(this.#machine)) return false
    for (const { inode, pid, fd } of search.inOrder()) visit(inode, pid, fd)
    return true
  }

  close(): void {
    if (this.#machine === undefined) return
    libc.close(this.#machine.program)
    libc.close(this.#machine.map)
    this.#machine = undefined
  }
}

/** What is known before the sockets are. */
interface Machine {
  /** Says which inodes are wanted. */
  readonly map: number
  readonly program: number
  /** Descriptors of each process. */
  readonly counts: ReadonlyMap<number, number>
  readonly samples: readonly Sample[]
}

/** Inodes of some sockets of a process. */
interface Sample {
  readonly pid: number
  readonly inodes: readonly number[]
}

/** `undefined` where links are faster, or without the iterator. */
function lookAround(pids: readonly number[]): Machine | undefined {
  const counts = new Map(pids.map((pid) => [pid, descriptorCount(pid)]))
  let total = 0
  for (const count of counts.values()) total += count
  if (total < MANY_DESCRIPTORS) return undefined
  const map = createValue(WANTED_BYTES)
  if (map === -1) return undefined
  const program = loadIterator((btf) => socketFilesProgram(btf, map))
  if (program === -1) {
    libc.close(map)
    return undefined
  }
  const big = [...counts].filter(([, count]) => count > BIG)
  return { map, program, counts, samples: big.map(([pid, count]) => sample(pid, count)) }
}

interface Found {
  readonly inode: number
  readonly pid: number
  readonly fd: number
}

/** What was found so far, and which sockets may have owners that were not. */
class Search {
  readonly #wanted: ReadonlySet<number>
  readonly #open: Set<number>
  readonly #counts = new Map<number, number>()
  /** Somebody else may use the same table of descriptors: references do not say how many owners there are. */
  readonly #shared = new Set<number>()
  #found: Found[] = []

  constructor(wanted: ReadonlySet<number>) {
    this.#wanted = wanted
    this.#open = new Set(wanted)
  }

  /** True when the owners are known: every reference is accounted for, or every process was asked. */
  oneByOne({ program, counts, samples }: Machine, listPids: () => readonly number[]): boolean {
    const likely = likelyOwners(samples, this.#wanted)
    if (counts.size > MANY_PROCESSES) return this.#ask(program, likely) === 'found'
    const pids = [...counts.keys()]
    const small = pids.filter((pid) => counts.get(pid)! <= BIG)
    const asked = new Set([...likely, ...small, ...pids])
    const outcome = this.#ask(program, asked)
    // Whoever has a socket may have made another process meanwhile.
    const young = outcome === 'unfinished' ? listPids().filter((pid) => !asked.has(pid)) : []
    return outcome === 'found' || (outcome === 'unfinished' && this.#ask(program, young) !== 'refused')
  }

  #ask(program: number, pids: Iterable<number>): 'found' | 'unfinished' | 'refused' {
    const options = { atOnce: this.#wanted.size, enough: () => this.#open.size === 0 }
    for (const pid of pids) {
      if (!iterate(program, WANTED_RECORD.bytes, this.#add, { ...options, pid })) return 'refused'
      if (this.#open.size === 0) return 'found'
    }
    return 'unfinished'
  }

  /** Asks all at once; false when the kernel refuses. */
  all({ program }: Machine): boolean {
    this.#found = []
    return iterate(program, WANTED_RECORD.bytes, this.#add)
  }

  inOrder(): readonly Found[] {
    return this.#found.sort((a, b) => a.pid - b.pid || a.fd - b.fd)
  }

  readonly #add = (view: DataView, at: number): void => {
    const inode = view.getUint32(at + WANTED_RECORD.inode, true)
    if (!this.#wanted.has(inode)) return
    const pid = view.getUint32(at + WANTED_RECORD.pid, true)
    const isThread = view.getUint32(at + WANTED_RECORD.tid, true) !== pid
    const sharing = view.getUint32(at + WANTED_RECORD.sharing, true)
    // A thread with descriptors of its own is not in /proc/PID/fd.
    if (!isThread) this.#found.push({ inode, pid, fd: view.getUint32(at + WANTED_RECORD.fd, true) })
    if (isThread || sharing > view.getUint32(at + WANTED_RECORD.threads, true)) this.#shared.add(inode)
    const count = 1 + (this.#counts.get(inode) ?? 0)
    this.#counts.set(inode, count)
    // A reference of something else (a system call under way, a message with the descriptor in it) only makes it longer.
    const references = Number(view.getBigUint64(at + WANTED_RECORD.references, true))
    if (count >= references && !this.#shared.has(inode)) this.#open.delete(inode)
  }
}

/** The big processes that have sockets of about the same time as those wanted. */
function likelyOwners(samples: readonly Sample[], wanted: ReadonlySet<number>): Set<number> {
  const likely = new Set<number>()
  for (const inode of spread([...wanted])) {
    const nearest = nearestOf(samples, inode)
    if (nearest !== undefined) likely.add(nearest)
  }
  return likely
}

/** So many of them that are far from each other. */
function spread(inodes: number[]): number[] {
  inodes.sort((a, b) => a - b)
  const step = Math.max(1, inodes.length / SAMPLES)
  return inodes.filter((_, index) => Math.floor(index % step) === 0)
}

function sample(pid: number, count: number): Sample {
  const inodes: number[] = []
  for (let taken = 0; taken < SAMPLES; taken++)
    try {
      const found = socketInode(readlinkSync(`/proc/${pid}/fd/${Math.floor((count * taken) / SAMPLES)}`))
      if (found >= 0) inodes.push(found)
    } catch {
      // No such descriptor, or its process is gone.
    }
  return { pid, inodes }
}

/** The process with the nearest inode: the kernel counts them up. */
function nearestOf(samples: readonly Sample[], inode: number): number | undefined {
  let nearest: number | undefined
  let least = Number.POSITIVE_INFINITY
  for (const { pid, inodes } of samples)
    for (const other of inodes) {
      const distance = Math.abs(other - inode)
      if (distance >= least) continue
      least = distance
      nearest = pid
    }
  return nearest
}

function bitsOf(wanted: Iterable<number>): Uint8Array {
  const map = new Uint32Array(WANTED_BYTES / 4)
  for (const inode of wanted) setWanted(map, inode)
  return new Uint8Array(map.buffer)
}
