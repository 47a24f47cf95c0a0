import { readFileSync } from 'node:fs'
import { attribute } from '../sockets/attribute.ts'
import { assemble } from '../sockets/bytecode.ts'
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
import { DiagRows } from '../sockets/diag-rows.ts'
import type { KernelPart } from '../sockets/filter-kernel.ts'
import { type ProcNetContext, parseProcInet, parseProcUnix } from '../sockets/proc-net.ts'
import { type DiagContext, joinUnixPeers, parseInetDiag, parseUnixDiag } from '../sockets/sock-diag.ts'
import type { Netid, SocketRecord } from '../sockets/socket.ts'
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
  /** What the kernel is to test by itself: a part of a filter (`SocketFilter.kernel`). */
  readonly kernel?: (netid: Netid) => KernelPart
  /** Default netlink, and /proc/net for each table that netlink does not have. */
  readonly source?: 'netlink' | 'proc'
}

export interface Snapshot {
  readonly records: SocketRecord[]
  /** What is missing or less exact, and the mend; each once, for the user to read. */
  readonly degraded: string[]
}

type TableFamily = 'inet' | 'inet6' | 'unix'

/** SYN_RECV and NEW_SYN_RECV. */
const HALF_OPEN = (1 << 3) | (1 << 12)
const DEFAULT_TABLES: readonly TableName[] = ['tcp', 'udp']
const INET_FAMILIES = ['inet', 'inet6'] as const
const UNIX_FAMILY = ['unix'] as const
const PROTOCOLS = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP, raw: IPPROTO_RAW } as const

/** One table as it was read: rows as the kernel wrote them, or records where there are no such rows. */
export type Part =
  | {
      readonly netid: Netid
      readonly family: 'inet' | 'inet6'
      readonly rows: DiagRows
      readonly exact: boolean
    }
  | { readonly records: SocketRecord[] }

export interface Parts {
  readonly parts: readonly Part[]
  readonly context: DiagContext
  readonly degraded: string[]
}

/**
 * The sockets of this network namespace now, with their owners. Throws only when neither netlink nor /proc/net
 * can be read.
 */
export function snapshot(options: SnapshotOptions = {}): Snapshot {
  const { parts, context, degraded } = readParts(options)
  const read: SocketRecord[] = []
  // Not push(...rows): a spread of 100 000 arguments overflows the stack.
  for (const part of parts)
    for (const record of 'rows' in part ? recordsOf(part.rows, part.netid, context) : part.records)
      read.push(record)
  const records = joinUnixPeers(read)
  countSynQueues(records, options.kernel === undefined ? [] : halfOpen(records, options))
  if (options.processes !== false && records.some(({ inode }) => inode !== 0)) {
    const { byInode, denied } = scanSocketOwners()
    attribute(records, byInode)
    if (denied > 0 && records.some(({ inode, processes }) => inode !== 0 && processes.length === 0))
      degraded.push(deniedNote(denied))
  }
  return { records, degraded }
}

/** The rows of a dump as records. */
function* recordsOf(rows: DiagRows, netid: Netid, context: DiagContext): Generator<SocketRecord> {
  for (let row = 0; row < rows.count; row++) {
    const record = parseInetDiag(rows.view(row), rows.start(row), rows.end(row), netid, context)
    if (record !== undefined) yield record
  }
}

/** A filter may have left out the requests of the listeners that it let through. */
function halfOpen(records: readonly SocketRecord[], options: SnapshotOptions): SocketRecord[] {
  if (!records.some(({ netid, listen }) => netid === 'tcp' && listen !== undefined)) return []
  const { kernel: _, ...everything } = options
  return snapshot({ ...everything, tables: ['tcp'], states: HALF_OPEN, processes: false }).records
}

export function deniedNote(denied: number, root = process.geteuid?.() === 0): string {
  const missing = `the owners of some sockets are unknown: the descriptors of ${denied} ${denied === 1 ? 'process' : 'processes'} cannot be read`
  return root
    ? `${missing}, not even by this root: a container without CAP_SYS_PTRACE, or a security module`
    : `${missing}; run with sudo, or: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep ${process.execPath}`
}

/** Reads the tables, makes no records of those that netlink has. */
export function readParts(options: SnapshotOptions): Parts {
  const degraded: string[] = []
  const context: DiagContext = { netns: currentNetns(), userName, interfaceName: interfaceNames(), decode }
  const parts: Part[] = []
  const fromProc = new Set<TableName>()
  const refusals = new Set<string>()
  let interrupted = false
  const refused = (error: unknown): void => {
    if (!(error instanceof SystemError)) throw error
    refusals.add(error.code)
  }
  const diag = options.source === 'proc' ? undefined : openDiag(refused)
  const table = (name: TableName, family: TableFamily): Part => {
    try {
      const dump = diag && dumpTable(diag, name, family, options, context)
      interrupted ||= dump?.interrupted ?? false
      if (dump !== undefined) return dump.part
    } catch (error) {
      refused(error)
    }
    fromProc.add(name)
    return { records: readProcTable(name, family, context) }
  }
  try {
    for (const name of options.tables ?? DEFAULT_TABLES)
      for (const family of name === 'unix' ? UNIX_FAMILY : (options.families ?? INET_FAMILIES))
        parts.push(table(name, family))
  } finally {
    diag?.close()
  }
  if (fromProc.size > 0) degraded.push(procNote([...fromProc], [...refusals]))
  if (interrupted) degraded.push('the socket table changed while it was read: a socket may be missing')
  return { parts, context, degraded }
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
  { states = ALL_STATES, kernel }: SnapshotOptions,
  context: DiagContext,
): { part: Part; interrupted: boolean } {
  if (table === 'unix' || family === 'unix') {
    const dump = diag.dump(unixDumpRequest(), (view, offset, end) =>
      parseUnixDiag(view, offset, end, context),
    )
    return { part: { records: dump.rows }, interrupted: dump.interrupted }
  }
  const wanted = kernel?.(table)
  const program = wanted?.test && assemble(wanted.test)
  const whole = wanted?.test === undefined || program !== undefined
  const rows = new DiagRows()
  const mask = wanted?.states === undefined ? states : states & wanted.states
  const request = inetDumpRequest(family === 'inet' ? AF_INET : AF_INET6, PROTOCOLS[table], mask, { program })
  const { interrupted } = diag.dumpRows(request, rows)
  return { part: { netid: table, family, rows, exact: whole && wanted?.exact === true }, interrupted }
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
