import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import {
  type Origin,
  parseCommandLine,
  parseContainer,
  parseOrigin,
  parseStat,
  parseUid,
} from '../../sockets/process-text.ts'
import type { SocketProcess } from '../../sockets/socket.ts'
import { userName } from '../names.ts'
import { processNetns } from '../netns.ts'
import { eachSocketDescriptor } from '../sockets/descriptors.ts'
import { eachSocketFile, type VisitSocketFile } from '../sockets/socket-files.ts'
import { OwnerSearch } from '../sockets/wanted-owners.ts'

/** What a scan of `/proc/PID/fd` gave. */
export interface SocketOwners {
  /** Every descriptor of every readable process, by the inode of its socket; in order of pid and descriptor. */
  readonly byInode: Map<number, SocketProcess[]>
  /** Processes whose descriptors this user may not read. */
  readonly denied: number
}

/** Pids of /proc in ascending order. */
export function listPids(root = '/proc'): number[] {
  const pids: number[] = []
  for (const name of readdirSync(root)) {
    const first = name.charCodeAt(0)
    if (first >= 0x31 && first <= 0x39) pids.push(Number(name))
  }
  return pids.sort((a, b) => a - b)
}

/** Whether a process lives, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Called for one descriptor that is a socket. */
export type VisitOwner = (inode: number, pid: number, fd: number, comm: string) => void

/** From this many sockets on the kernel's iterator, which takes about 20 ms to set up, is faster than links. */
const MANY_SOCKETS = 1000

/**
 * Reads the links of `/proc/PID/fd` of all processes, or of those given; of all and where there are many sockets, what
 * is left comes from the kernel's iterator if it can be had. `wanted` are the inodes that matter, by default all.
 * `search` may have been prepared. Returns how many processes this user may not read.
 *
 * Synchronous on purpose: capabilities belong to the main thread, the thread pool of `fs.promises` may lack them.
 * A process or descriptor that vanishes during the scan is left out.
 */
export function eachSocketOwner(
  visit: VisitOwner,
  pids?: Iterable<number>,
  root = '/proc',
  wanted?: ReadonlySet<number>,
  search: OwnerSearch = new OwnerSearch(listPids),
): number {
  const every = pids === undefined && root === '/proc'
  if (every && wanted !== undefined && findWanted(search, wanted, withName(visit))) return 0
  const scanned = pids === undefined ? listPids(root) : pids
  let denied = 0
  let sockets = 0
  let limit = every ? MANY_SOCKETS : Number.POSITIVE_INFINITY
  for (const pid of scanned) {
    let comm: string | undefined
    const outcome = eachSocketDescriptor(`${root}/${pid}/fd`, (fd, inode) => {
      if (sockets++ >= limit) {
        if (visitRest(visit, pid, fd, wanted)) return false
        limit = Number.POSITIVE_INFINITY
      }
      if (wanted?.has(inode) === false) return true
      comm ??= readComm(pid, root)
      // Gone since its descriptors were read.
      if (comm === undefined) return false
      visit(inode, pid, fd, comm)
      return true
    })
    if (sockets > limit) break
    if (outcome === 'denied') denied++
  }
  return denied
}

function findWanted(search: OwnerSearch, wanted: ReadonlySet<number>, visit: VisitSocketFile): boolean {
  try {
    return search.find(wanted, visit)
  } finally {
    search.close()
  }
}

/** Every socket from a descriptor of a process on; false when the kernel does not tell them. */
function visitRest(
  visit: VisitOwner,
  firstPid: number,
  firstFd: number,
  wanted: ReadonlySet<number> | undefined,
): boolean {
  const named = withName(visit)
  return eachSocketFile((inode, pid, fd) => {
    if (pid < firstPid || (pid === firstPid && fd < firstFd)) return
    if (wanted?.has(inode) !== false) named(inode, pid, fd)
  })
}

/** Adds the name of the process, read once as long as its descriptors follow each other; one that is gone is left out. */
function withName(visit: VisitOwner): VisitSocketFile {
  let last = 0
  let comm: string | undefined
  return (inode, pid, fd) => {
    if (pid !== last) comm = readComm(pid)
    last = pid
    if (comm !== undefined) visit(inode, pid, fd, comm)
  }
}

/** Who owns which socket, as records; `wanted` are the inodes that matter, by default all. */
export function scanSocketOwners(
  pids?: Iterable<number>,
  root = '/proc',
  wanted?: ReadonlySet<number>,
): SocketOwners {
  const byInode = new Map<number, SocketProcess[]>()
  const denied = eachSocketOwner(
    (inode, pid, fd, comm) => {
      const owner: SocketProcess = { pid, comm, fd }
      const owners = byInode.get(inode)
      if (owners === undefined) byInode.set(inode, [owner])
      else owners.push(owner)
    },
    pids,
    root,
    wanted,
  )
  return { byInode, denied }
}

/** Name and parent of a process. */
export function readStat(pid: number, root = '/proc'): { comm: string; ppid: number } | undefined {
  return parseStat(readText(`${root}/${pid}/stat`) ?? '')
}

/** Parent and start of a process; `undefined` when it is gone. */
export function readOrigin(pid: number, root = '/proc'): Origin | undefined {
  return parseOrigin(readText(`${root}/${pid}/stat`) ?? '')
}

/** `/proc/PID/cgroup`; empty when it is gone. */
export function readCgroup(pid: number, root = '/proc'): string {
  return readText(`${root}/${pid}/cgroup`) ?? ''
}

/** The kernel's name of a process, at most 15 bytes; `undefined` when it is gone. */
export function readComm(pid: number, root = '/proc'): string | undefined {
  return readText(`${root}/${pid}/comm`)?.replace(/\n$/, '')
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** What /proc tells about one process; a field that this user may not read is absent. */
export interface ProcessDetails {
  readonly pid: number
  readonly comm: string
  readonly ppid: number
  readonly exe?: string
  readonly cmdline?: string
  readonly uid?: number
  readonly user?: string
  readonly container?: string
  /** Inode of its network namespace. */
  readonly netns?: number
}

/** Details of a process, or `undefined` when it is gone. Strings are not yet safe for a terminal. */
export function readProcess(pid: number, root = '/proc'): ProcessDetails | undefined {
  const folder = `${root}/${pid}`
  const stat = readStat(pid, root)
  if (stat === undefined) return undefined
  const uid = parseUid(readText(`${folder}/status`) ?? '')
  const user = uid === undefined ? undefined : userName(uid)
  const cmdline = parseCommandLine(readText(`${folder}/cmdline`) ?? '')
  const container = parseContainer(readCgroup(pid, root))
  const exe = attempt(() => readlinkSync(`${folder}/exe`))
  const netns = processNetns(pid, root)
  return {
    pid,
    ...stat,
    ...(exe !== undefined && { exe }),
    ...(cmdline !== undefined && { cmdline }),
    ...(uid !== undefined && { uid }),
    ...(user !== undefined && { user }),
    ...(container !== undefined && { container }),
    ...(netns !== undefined && { netns }),
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
