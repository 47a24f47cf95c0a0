import { readFileSync } from 'node:fs'
import { attribute } from '../sockets/attribute.ts'
import {
  AF_INET,
  AF_INET6,
  ALL_STATES,
  IPPROTO_RAW,
  IPPROTO_TCP,
  IPPROTO_UDP,
  inetDumpRequest,
  unixDumpRequest,
} from '../sockets/diag-request.ts'
import { type ProcNetContext, parseProcInet, parseProcUnix } from '../sockets/proc-net.ts'
import { type DiagContext, joinUnixPeers, parseInetDiag, parseUnixDiag } from '../sockets/sock-diag.ts'
import type { SocketRecord } from '../sockets/socket.ts'
import { countSynQueues } from '../sockets/syn-queue.ts'
import { SystemError } from './libc.ts'
import { interfaceNames, userName } from './names.ts'
import { SockDiag } from './netlink.ts'
import { currentNetns } from './netns.ts'
import { scanSocketOwners } from './procfs.ts'

export type TableName = 'tcp' | 'udp' | 'raw' | 'unix'

export interface SnapshotOptions {
  /** Default TCP and UDP. */
  readonly tables?: readonly TableName[]
  /** Default both. Unix sockets are not touched by it. */
  readonly families?: readonly ('inet' | 'inet6')[]
  /** Kernel states to ask for, bit = 1 << state; default all. Only /proc gives more than was asked. */
  readonly states?: number
  /** Find the owners in /proc; default true. */
  readonly processes?: boolean
  /** Default netlink, and /proc/net for each table that netlink does not have. */
  readonly source?: 'netlink' | 'proc'
}

export interface Snapshot {
  readonly records: SocketRecord[]
  /** What is missing or less exact, and the mend; each once, for the user to read. */
  readonly degraded: string[]
}

type TableFamily = 'inet' | 'inet6' | 'unix'

const DEFAULT_TABLES: readonly TableName[] = ['tcp', 'udp']
const INET_FAMILIES = ['inet', 'inet6'] as const
const UNIX_FAMILY = ['unix'] as const
const PROTOCOLS = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP, raw: IPPROTO_RAW } as const

/**
 * The sockets of this network namespace now, with their owners. Throws only when neither netlink nor /proc/net
 * can be read.
 */
export function snapshot(options: SnapshotOptions = {}): Snapshot {
  const degraded: string[] = []
  const records = readTables(options, degraded)
  countSynQueues(records)
  if (options.processes !== false && records.some(({ inode }) => inode !== 0)) {
    const { byInode, denied } = scanSocketOwners()
    attribute(records, byInode)
    if (denied > 0 && records.some(({ inode, processes }) => inode !== 0 && processes.length === 0))
      degraded.push(deniedNote(denied))
  }
  return { records, degraded }
}

export function deniedNote(denied: number, root = process.geteuid?.() === 0): string {
  const missing = `the owners of some sockets are unknown: the descriptors of ${denied} ${denied === 1 ? 'process' : 'processes'} cannot be read`
  return root
    ? `${missing}, not even by this root: a container without CAP_SYS_PTRACE, or a security module`
    : `${missing}; run with sudo, or: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep ${process.execPath}`
}

function readTables(options: SnapshotOptions, degraded: string[]): SocketRecord[] {
  const context: DiagContext = { netns: currentNetns(), userName, interfaceName: interfaceNames(), decode }
  const records: SocketRecord[] = []
  const fromProc = new Set<TableName>()
  const refusals = new Set<string>()
  let interrupted = false
  const refused = (error: unknown): void => {
    if (!(error instanceof SystemError)) throw error
    refusals.add(error.code)
  }
  const diag = options.source === 'proc' ? undefined : openDiag(refused)
  const table = (name: TableName, family: TableFamily): SocketRecord[] => {
    try {
      const dump = diag && dumpTable(diag, name, family, options.states ?? ALL_STATES, context)
      interrupted ||= dump?.interrupted ?? false
      if (dump !== undefined) return dump.rows
    } catch (error) {
      refused(error)
    }
    fromProc.add(name)
    return readProcTable(name, family, context)
  }
  try {
    // Not push(...rows): a spread of 100 000 arguments overflows the stack.
    for (const name of options.tables ?? DEFAULT_TABLES)
      for (const family of name === 'unix' ? UNIX_FAMILY : (options.families ?? INET_FAMILIES))
        for (const row of table(name, family)) records.push(row)
  } finally {
    diag?.close()
  }
  if (fromProc.size > 0) degraded.push(procNote([...fromProc], [...refusals]))
  if (interrupted) degraded.push('the socket table changed while it was read: a socket may be missing')
  return joinUnixPeers(records)
}

function procNote(tables: readonly TableName[], refusals: readonly string[]): string {
  const why = refusals.length > 0 ? ` because the kernel refused sock_diag (${refusals.join(', ')})` : ''
  const modules = tables.map((name) => `${name}_diag`).join(' ')
  return `the ${tables.join(', ')} sockets come from /proc/net${why}: backlogs, cookies, bound devices and unix peers are not known; sudo modprobe -a ${modules} may mend it`
}

function openDiag(refused: (error: unknown) => void): SockDiag | undefined {
  try {
    return new SockDiag()
  } catch (error) {
    refused(error)
    return undefined
  }
}

function dumpTable(
  diag: SockDiag,
  table: TableName,
  family: TableFamily,
  states: number,
  context: DiagContext,
): { rows: SocketRecord[]; interrupted: boolean } {
  if (table === 'unix')
    return diag.dump(unixDumpRequest(), (view, offset, end) => parseUnixDiag(view, offset, end, context))
  const request = inetDumpRequest(family === 'inet' ? AF_INET : AF_INET6, PROTOCOLS[table], states)
  return diag.dump(request, (view, offset, end) => parseInetDiag(view, offset, end, table, context))
}

/** A family that the kernel was built without has no file: no rows. */
function readProcTable(table: TableName, family: TableFamily, context: ProcNetContext): SocketRecord[] {
  const path = `/proc/thread-self/net/${table}${family === 'inet6' ? '6' : ''}`
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  return table === 'unix' ? parseProcUnix(text, context) : parseProcInet(text, table, context)
}

function decode(view: DataView, start: number, end: number): string {
  return Buffer.from(view.buffer, view.byteOffset + start, end - start).toString('utf8')
}
