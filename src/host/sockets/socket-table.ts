import { readFileSync } from 'node:fs'
import { attribute, markUnknownOwners } from '../../sockets/attribute.ts'
import { assemble } from '../../sockets/bytecode.ts'
import { EXT_INFO, EXT_MEMORY } from '../../sockets/diag-attributes.ts'
import {
  AF_INET,
  AF_INET6,
  ALL_STATES,
  IPPROTO_MPTCP,
  IPPROTO_RAW,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  inetDumpRequest,
  tcpDumpRequest,
  unixDumpRequest,
} from '../../sockets/diag-request.ts'
import { DiagRows } from '../../sockets/diag-rows.ts'
import { exactPorts } from '../../sockets/exact-ports.ts'
import type { KernelPart } from '../../sockets/filter-kernel.ts'
import { exposureOf } from '../../sockets/listeners.ts'
import { netlinkDumpRequest, parseNetlinkDiag } from '../../sockets/netlink-diag.ts'
import {
  packetDumpRequest,
  parsePacketDiag,
  parseVsockDiag,
  vsockDumpRequest,
} from '../../sockets/other-diag.ts'
import { type ProcNetContext, parseProcInet, parseProcUnix } from '../../sockets/proc-net.ts'
import { type DiagContext, joinUnixPeers, parseInetDiag, parseUnixDiag } from '../../sockets/sock-diag.ts'
import type { Netid, SocketRecord } from '../../sockets/socket.ts'
import { STATE_BITS } from '../../sockets/state-names.ts'
import { countSynQueues } from '../../sockets/syn-queue.ts'
import { UserError } from '../../user-error.ts'
import { interfaceNames } from '../interface-names.ts'
import { SystemError } from '../libc.ts'
import { grantHint, isInUserNamespace } from '../mend.ts'
import { userName } from '../names.ts'
import { currentNetns, findNetns, insideNetns } from '../netns.ts'
import { hasCapability } from '../privileges.ts'
import { cgroupPaths } from '../process/cgroups.ts'
import { scanSocketOwners } from '../process/procfs.ts'
import { SockDiag, TCPDIAG_GETSOCK } from './netlink.ts'
import { scanSocketThreads } from './socket-threads.ts'

export type TableName = Netid

export interface SnapshotOptions {
  /** Default TCP and UDP. */
  readonly tables?: readonly TableName[]
  /** Default both. Unix sockets are not touched by it. */
  readonly families?: readonly ('inet' | 'inet6')[]
  /** Kernel states to ask for, bit = 1 << state; default all. Only /proc gives more than was asked. */
  readonly states?: number
  /** Find the owners in /proc; default true. */
  readonly processes?: boolean
  /** Find the threads too; default false. */
  readonly threads?: boolean
  /** `NAME`, `PATH`, `PID` or `all`; default this one. */
  readonly netns?: string
  /** tcp_info and the congestion control of TCP sockets. */
  readonly info?: boolean
  /** Socket memory. */
  readonly memory?: boolean
  /** Paths of control groups. */
  readonly cgroups?: boolean
  /** What the kernel is to test by itself: a part of a filter (`SocketFilter.kernel`). */
  readonly kernel?: (netid: Netid) => KernelPart
  /** Memory for the rows of each table; default new. */
  readonly rows?: () => DiagRows
  /** Default netlink, and /proc/net for each table that netlink does not have. */
  readonly source?: 'netlink' | 'proc'
}

export interface Snapshot {
  readonly records: SocketRecord[]
  /** What is missing or less exact, and the mend; each once, for the user to read. */
  readonly degraded: string[]
}

type InetFamily = 'inet' | 'inet6' | 'both'

const INET_FAMILIES = ['inet', 'inet6'] as const
/** Tables of `inet_diag`. */
const PROTOCOLS: Partial<Record<TableName, number>> = {
  tcp: IPPROTO_TCP,
  udp: IPPROTO_UDP,
  udplite: IPPROTO_UDPLITE,
  raw: IPPROTO_RAW,
  sctp: IPPROTO_SCTP,
  mptcp: IPPROTO_MPTCP,
}
/** Tables that /proc/net has as text in a form that is understood here; `icmp` is nowhere else. */
const IN_PROC: readonly TableName[] = ['tcp', 'udp', 'udplite', 'raw', 'icmp', 'unix']
/** SYN_RECV and NEW_SYN_RECV. */
const HALF_OPEN = (1 << 3) | (1 << 12)
const DEFAULT_TABLES: readonly TableName[] = ['tcp', 'udp']

/** One table as it was read: rows as the kernel wrote them, or records where there are no such rows. */
export type Part =
  | {
      readonly netid: Netid
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
  const { records, degraded } = options.netns === undefined ? snapshotHere(options) : snapshotIn(options)
  if (options.processes !== false && records.some(({ inode }) => inode !== 0)) {
    const wanted = new Set(records.map(({ inode }) => inode))
    wanted.delete(0)
    const { byInode, denied } = options.threads
      ? scanSocketThreads()
      : scanSocketOwners(undefined, '/proc', wanted)
    attribute(records, byInode)
    if (denied > 0 && markUnknownOwners(records, deniedReason(denied))) degraded.push(deniedNote(denied))
  }
  return { records, degraded }
}

/** One after another; of several, one that cannot be read does not stop the rest. */
function snapshotIn({ netns, ...options }: SnapshotOptions): Snapshot {
  const records: SocketRecord[] = []
  const degraded = new Set<string>()
  const namespaces = findNetns(netns!)
  const failures: string[] = []
  for (const namespace of namespaces)
    try {
      const there = insideNetns(namespace, () => snapshotHere(options))
      for (const record of there.records) records.push(record)
      for (const note of there.degraded) degraded.add(note)
    } catch (error) {
      if (netns !== 'all' || !(error instanceof UserError || error instanceof SystemError)) throw error
      failures.push(error.message)
    }
  if (failures.length > 0)
    degraded.add(
      `the sockets of ${failures.length} of ${namespaces.length} network namespaces are missing: ${failures[0]}; ${grantHint(['cap_sys_admin', 'cap_sys_ptrace'])}`,
    )
  return { records, degraded: [...degraded] }
}

function snapshotHere(options: SnapshotOptions): Snapshot {
  const { parts, context, degraded } = readParts(options)
  const read: SocketRecord[] = []
  // Not push(...rows): a spread of 100 000 arguments overflows the stack.
  for (const part of parts)
    for (const record of 'rows' in part ? recordsOf(part.rows, part.netid, context) : part.records)
      read.push(record)
  const records = joinUnixPeers(read)
  for (const record of records)
    if (record.listen !== undefined && record.netid !== 'unix') record.listen.exposure = exposureOf(record)
  countSynQueues(records, options.kernel === undefined ? [] : halfOpen(records, options))
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
  return snapshotHere({ ...everything, tables: ['tcp'], states: HALF_OPEN, processes: false }).records
}

/** Capabilities for the descriptors of other users' processes. */
const DESCRIPTORS = ['cap_sys_ptrace', 'cap_dac_read_search'] as const

function deniedReason(denied: number): string {
  return `the descriptors of ${denied} ${denied === 1 ? 'process' : 'processes'} cannot be read`
}

export function deniedNote(denied: number): string {
  const missing = `the owners of some sockets are unknown: ${deniedReason(denied)}`
  return DESCRIPTORS.every(hasCapability) && !isInUserNamespace()
    ? `${missing}, not even with every capability`
    : `${missing}; ${grantHint(DESCRIPTORS)}`
}

/**
 * `readParts`, and `meanwhile` while the kernel looks for the TCP sockets that match: where they are few among many, that
 * takes as long as all that the program does itself.
 */
export async function readPartsAside(options: SnapshotOptions, meanwhile: () => void): Promise<Parts> {
  const asked = asksForTcp(options) ? openDiag(() => {}) : undefined
  try {
    const answer = asked?.ask(inetRequest('tcp', 'both', options).request, TCPDIAG_GETSOCK)
    meanwhile()
    await answer
    return readParts(options, asked)
  } finally {
    asked?.close()
  }
}

/** Both families of TCP, in one dump. */
function asksForTcp({ tables = DEFAULT_TABLES, families, source }: SnapshotOptions): boolean {
  return tables.includes('tcp') && families === undefined && source !== 'proc'
}

/** Reads the tables, makes no records of those that netlink has. `asked` has been asked for TCP, if given. */
export function readParts(options: SnapshotOptions, asked?: SockDiag): Parts {
  const degraded: string[] = []
  const context: DiagContext = {
    netns: currentNetns(),
    userName,
    interfaceName: interfaceNames(),
    decode,
    ...(options.states === STATE_BITS.BOUND_INACTIVE && { boundInactive: true }),
    ...(options.cgroups && { cgroupPath: cgroupPaths() }),
  }
  const parts: Part[] = []
  const fromProc = new Set<TableName>()
  const missing = new Set<TableName>()
  const refusals = new Set<string>()
  let interrupted = false
  const refused = (error: unknown): void => {
    if (!(error instanceof SystemError)) throw error
    refusals.add(error.code)
  }
  const diag = options.source === 'proc' ? undefined : openDiag(refused)
  const table = (name: TableName, family: InetFamily): Part => {
    try {
      const dump = diag && name !== 'icmp' ? dumpTable(diag, name, family, options, context) : undefined
      interrupted ||= dump?.interrupted ?? false
      if (dump !== undefined) return dump.part
    } catch (error) {
      if (IN_PROC.includes(name)) refused(error)
      else if (!(error instanceof SystemError)) throw error
    }
    if (!IN_PROC.includes(name)) {
      missing.add(name)
      return { records: [] }
    }
    if (name !== 'icmp') fromProc.add(name)
    return { records: readProcTable(name, family, context) }
  }
  /** Both families in one dump; the text of /proc has a file for each. */
  const tcp = (): Part[] => {
    try {
      const { part, interrupted: changed } = dumpTable(asked ?? diag!, 'tcp', 'both', options, context)
      interrupted ||= changed
      return [part]
    } catch (error) {
      refused(error)
      return INET_FAMILIES.map((family) => table('tcp', family))
    }
  }
  try {
    for (const name of options.tables ?? DEFAULT_TABLES)
      if (OTHER_TABLES[name] !== undefined) parts.push(table(name, 'inet'))
      else if (name === 'tcp' && options.families === undefined && diag !== undefined) parts.push(...tcp())
      else for (const family of options.families ?? INET_FAMILIES) parts.push(table(name, family))
  } finally {
    diag?.close()
  }
  if (fromProc.size > 0) degraded.push(procNote([...fromProc], [...refusals]))
  if (missing.size > 0)
    degraded.push(
      `this kernel lists no ${[...missing].join(', ')} sockets: not built in, or sudo modprobe -a ${[...missing].map((name) => `${name}_diag`).join(' ')}`,
    )
  if (interrupted) degraded.push('the socket table changed while it was read: a socket may be missing')
  return { parts, context, degraded }
}

function procNote(tables: readonly TableName[], refusals: readonly string[]): string {
  const why = refusals.length > 0 ? ` because the kernel refused sock_diag (${refusals.join(', ')})` : ''
  const modules = tables.map((name) => `${name}_diag`).join(' ')
  return `the ${tables.join(', ')} sockets come from /proc/net${why}: backlogs, cookies, bound devices and unix peers are not known${tables.includes('unix') ? ', and a path with a line break can look like another socket' : ''}; sudo modprobe -a ${modules} may mend it`
}

function openDiag(refused: (error: unknown) => void): SockDiag | undefined {
  try {
    return new SockDiag()
  } catch (error) {
    refused(error)
    return undefined
  }
}

/** Tables with messages of their own. */
const OTHER_TABLES: Partial<
  Record<
    TableName,
    {
      readonly request: () => Uint8Array
      readonly parse: (
        view: DataView,
        offset: number,
        end: number,
        context: DiagContext,
      ) => SocketRecord | undefined
    }
  >
> = {
  unix: { request: unixDumpRequest, parse: parseUnixDiag },
  packet: { request: packetDumpRequest, parse: parsePacketDiag },
  vsock: { request: vsockDumpRequest, parse: parseVsockDiag },
  netlink: { request: netlinkDumpRequest, parse: parseNetlinkDiag },
}

function dumpTable(
  diag: SockDiag,
  table: TableName,
  family: InetFamily,
  options: SnapshotOptions,
  context: DiagContext,
): { part: Part; interrupted: boolean } {
  const other = OTHER_TABLES[table]
  if (other !== undefined) {
    const dump = diag.dump(other.request(), (view, offset, end) => other.parse(view, offset, end, context))
    return { part: { records: withoutRepeats(dump.rows) }, interrupted: dump.interrupted }
  }
  const rows = options.rows?.() ?? new DiagRows()
  const { request, exact } = inetRequest(table, family, options)
  const { interrupted } = diag.dumpRows(request, rows, family === 'both' ? TCPDIAG_GETSOCK : undefined)
  return { part: { netid: table, rows, exact }, interrupted }
}

/** `exact`: the kernel's answer needs no second look. */
function inetRequest(
  table: TableName,
  family: InetFamily,
  { states = ALL_STATES, kernel, info, memory }: SnapshotOptions,
): { request: Uint8Array; exact: boolean } {
  const wanted = kernel?.(table)
  const program = wanted?.test && assemble(wanted.test)
  const whole = wanted?.test === undefined || program !== undefined
  const mask = wanted?.states === undefined ? states : states & wanted.states
  const details = {
    extensions: (info ? EXT_INFO : 0) | (memory ? EXT_MEMORY : 0),
    program,
    ...(table === 'tcp' && { ports: exactPorts(wanted?.test) }),
  }
  const request =
    family === 'both'
      ? tcpDumpRequest(mask, details)
      : inetDumpRequest(family === 'inet' ? AF_INET : AF_INET6, PROTOCOLS[table]!, mask, details)
  return { request, exact: whole && wanted?.exact === true }
}

/** The kernel gives a netlink socket that is in a multicast group twice. */
function withoutRepeats(records: readonly SocketRecord[]): SocketRecord[] {
  return [...new Map(records.map((record) => [record.cookie, record])).values()]
}

/** A family that the kernel was built without has no file: no rows. */
function readProcTable(table: TableName, family: InetFamily, context: ProcNetContext): SocketRecord[] {
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
