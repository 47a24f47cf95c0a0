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
import { createValue, iterate, loadIterator } from './file-iterator.ts'
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
 * descriptors in ten processes all take 60 ms, one process 6. Calls `visit` in order of pid and descriptor. False,
 * with nothing visited, where links are faster or the iterator cannot be had.
 */
export function findWantedOwners(
  pids: readonly number[],
  wanted: ReadonlySet<number>,
  visit: VisitSocketFile,
): boolean {
  if (wanted.size === 0 || wanted.size > FEW) return false
  const counts = new Map(pids.map((pid) => [pid, descriptorCount(pid)]))
  let total = 0
  for (const count of counts.values()) total += count
  if (total < MANY_DESCRIPTORS) return false
  const map = createValue(bitsOf(wanted))
  if (map === -1) return false
  const program = loadIterator((btf) => socketFilesProgram(btf, map))
  libc.close(map)
  if (program === -1) return false
  try {
    const search = new Search(wanted)
    if (!search.oneByOne(program, likelyFirst(counts, wanted), pids.length) && !search.all(program))
      return false
    for (const { inode, pid, fd } of search.inOrder()) visit(inode, pid, fd)
    return true
  } finally {
    libc.close(program)
  }
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

  /** True when the owners are known: every reference is accounted for, or each of `all` processes was asked. */
  oneByOne(program: number, pids: readonly number[], all: number): boolean {
    for (const pid of pids) {
      if (!iterate(program, WANTED_RECORD.bytes, this.#add, pid)) return false
      if (this.#open.size === 0) return true
    }
    return pids.length === all
  }

  /** Asks all at once; false when the kernel refuses. */
  all(program: number): boolean {
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

/**
 * The big processes that have sockets of about the same time as those wanted, then those with few descriptors, then
 * the other big ones: all, unless there are too many to be asked one by one.
 */
function likelyFirst(counts: ReadonlyMap<number, number>, wanted: ReadonlySet<number>): number[] {
  const pids = [...counts.keys()]
  const big = pids.filter((pid) => counts.get(pid)! > BIG)
  const sampled = big.map((pid) => ({ pid, inodes: sampleInodes(pid, counts.get(pid)!) }))
  const likely = new Set<number>()
  for (const inode of spread([...wanted])) {
    const nearest = nearestOf(sampled, inode)
    if (nearest !== undefined) likely.add(nearest)
  }
  if (counts.size > MANY_PROCESSES) return [...likely]
  return [...new Set([...likely, ...pids.filter((pid) => counts.get(pid)! <= BIG), ...big])]
}

/** So many of them that are far from each other. */
function spread(inodes: number[]): number[] {
  inodes.sort((a, b) => a - b)
  const step = Math.max(1, inodes.length / SAMPLES)
  return inodes.filter((_, index) => Math.floor(index % step) === 0)
}

/** Inodes of some sockets of a process. */
function sampleInodes(pid: number, count: number): number[] {
  const inodes: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++)
    try {
      const found = socketInode(readlinkSync(`/proc/${pid}/fd/${Math.floor((count * sample) / SAMPLES)}`))
      if (found >= 0) inodes.push(found)
    } catch {
      // No such descriptor, or its process is gone.
    }
  return inodes
}

/** The process with the nearest inode: the kernel counts them up. */
function nearestOf(
  sampled: readonly { readonly pid: number; readonly inodes: readonly number[] }[],
  inode: number,
): number | undefined {
  let nearest: number | undefined
  let least = Number.POSITIVE_INFINITY
  for (const { pid, inodes } of sampled)
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
