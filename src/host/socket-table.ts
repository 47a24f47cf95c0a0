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
    : `${missing}; run with sudo, or: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep "$(command -v node)"`
}

function readTables(options: SnapshotOptions, degraded: string[]): SocketRecord[] {
  const netns = currentNetns()
  const records: SocketRecord[] = []
  let diag: SockDiag | undefined
  let refusal: string | undefined = options.source === 'proc' ? '' : undefined
  if (refusal === undefined) {
    try {
      diag = new SockDiag()
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      refusal = error.code
    }
  }
  const context: DiagContext = { netns, userName, interfaceName: interfaceNames(), decode }
  let interrupted = false
  try {
    for (const table of options.tables ?? ['tcp', 'udp'])
      for (const family of table === 'unix' ? (['unix'] as const) : (options.families ?? ['inet', 'inet6'])) {
        if (diag !== undefined) {
          try {
            const dump = dumpTable(diag, table, family, options.states ?? ALL_STATES, context)
            interrupted ||= dump.interrupted
            // Not push(...rows): a spread of 100 000 arguments overflows the stack.
            for (const row of dump.rows) records.push(row)
            continue
          } catch (error) {
            if (!(error instanceof SystemError)) throw error
            refusal ??= error.code
          }
        }
        for (const row of readProcTable(table, family, context)) records.push(row)
      }
  } finally {
    diag?.close()
  }
  if (refusal !== undefined)
    degraded.push(
      `sockets come from /proc/net${refusal && `, the kernel refused sock_diag (${refusal})`}: ` +
        'backlogs, cookies and bound devices are not known; mend: sudo modprobe -a inet_diag tcp_diag udp_diag unix_diag',
    )
  if (interrupted) degraded.push('the socket table changed while it was read: a socket may be missing')
  return joinUnixPeers(records)
}

function dumpTable(
  diag: SockDiag,
  table: TableName,
  family: 'inet' | 'inet6' | 'unix',
  states: number,
  context: DiagContext,
): { rows: SocketRecord[]; interrupted: boolean } {
  if (table === 'unix')
    return diag.dump(unixDumpRequest(), (view, offset, end) => parseUnixDiag(view, offset, end, context))
  const request = inetDumpRequest(family === 'inet' ? AF_INET : AF_INET6, PROTOCOLS[table], states)
  return diag.dump(request, (view, offset, end) => parseInetDiag(view, offset, end, table, context))
}

/** A family that the kernel was built without has no file: no rows. */
function readProcTable(
  table: TableName,
  family: 'inet' | 'inet6' | 'unix',
  context: ProcNetContext,
): SocketRecord[] {
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
