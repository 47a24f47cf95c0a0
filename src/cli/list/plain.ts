import { eachSocketOwner, listPids } from '../../host/process/procfs.ts'
import {
  deniedNote,
  type Part,
  type Parts,
  readParts,
  readPartsAside,
  type SnapshotOptions,
} from '../../host/sockets/socket-table.ts'
import { OwnerSearch } from '../../host/sockets/wanted-owners.ts'
import { sanitize } from '../../render/sanitize.ts'
import { type Lines, type LinesTable, SocketLines } from '../../render/socket-lines.ts'
import { endpointText, NUMERIC, processText, UNKNOWN_OWNERS } from '../../render/socket-text.ts'
import type { SocketFilter } from '../../sockets/filter.ts'
import { InetRow } from '../../sockets/inet-row.ts'
import { OwnerTable } from '../../sockets/owner-table.ts'
import { type DiagContext, isStream, parseInetDiag, STATE_COUNT, stateName } from '../../sockets/sock-diag.ts'
import type { SocketRecord, SocketState } from '../../sockets/socket.ts'
import type { Io } from '../io.ts'

/** What a listing without records needs to know. */
export interface PlainListing {
  readonly snapshot: SnapshotOptions
  readonly filter: SocketFilter
  /** The states that the options select, `undefined` for every one. */
  readonly states: ReadonlySet<SocketState> | undefined
  readonly header: boolean
}

/** The owners of so few sockets are looked for one by one (`OwnerSearch`). */
const FEW = 1 << 14

/**
 * The default columns of TCP, UDP and raw sockets, for a pipe: the same text as the general way, from the kernel's
 * own rows. Returns false without having written anything where it cannot: rows from /proc, a socket in trouble, whose
 * line says so.
 */
export async function writePlainList(listing: PlainListing, io: Io): Promise<boolean> {
  const search = new OwnerSearch(listPids)
  try {
    const { snapshot } = listing
    const parts = isLookup(snapshot)
      ? await readPartsAside(snapshot, () => search.prepare())
      : readParts(snapshot)
    return writeParts(parts, listing, search, io)
  } finally {
    search.close()
  }
}

function writeParts(
  { parts, context, degraded }: Parts,
  { snapshot, filter, states, header }: PlainListing,
  search: OwnerSearch,
  io: Io,
): boolean {
  const tables: RowsPart[] = []
  for (const part of parts) {
    if (!('rows' in part)) return false
    tables.push(part)
  }
  tables.sort((a, b) => (a.netid < b.netid ? -1 : Number(a.netid > b.netid)))
  const selected: Uint32Array[] = []
  for (const table of tables) {
    const rows = select(table, filter, states, context)
    if (rows === undefined) return false
    selected.push(rows)
  }
  const lines = inListOrder(tables, selected)
  const owners =
    snapshot.processes === false ? undefined : isHeld(lines) ? readOwners(lines, search, degraded) : () => ''
  for (const note of degraded) io.note(`socktrace: ${note}`)
  const record = ({ rows, netid }: LinesTable, row: number): SocketRecord =>
    parseInetDiag(rows.view(row), rows.start(row), rows.end(row), netid, context)!
  const listing = new SocketLines(lines, header, {
    endpoint: (table, row, side) => endpointText(record(table, row), side, NUMERIC),
    process: owners,
  })
  listing.write((bytes) => io.writeBytes(bytes))
  return true
}

/** Is it for the owners of what the kernel finds by itself: a few sockets among perhaps many? */
function isLookup({ processes, kernel }: SnapshotOptions): boolean {
  return processes !== false && kernel?.('tcp').test !== undefined
}

type RowsPart = Extract<Part, { rows: unknown }>

const LISTEN = 10
/** Numbers of `idiag_timer`. */
const RETRANSMISSION = 1
const WINDOW_PROBE = 4

/** Whether `troubleOf` could find something: the general way asks it. */
function mayHaveTrouble(view: InetRow): boolean {
  if (view.state === LISTEN ? view.receiveQueue > view.sendQueue : view.timer === WINDOW_PROBE) return true
  return view.timer === RETRANSMISSION && view.retransmissions > 0
}

/** Whether the width of the name of the row's device is not known here. */
function hasStrangeDevice(view: InetRow, { interfaceName }: DiagContext): boolean {
  return view.interface !== 0 && !/^[ -~]*$/.test(interfaceName(view.interface) ?? '')
}

/** Numbers of the rows that the filter and the states let through; `undefined` when one is not for this way. */
function select(
  { rows, netid, exact }: RowsPart,
  filter: SocketFilter,
  states: ReadonlySet<SocketState> | undefined,
  context: DiagContext,
): Uint32Array | undefined {
  const named = Array.from({ length: STATE_COUNT }, (_, state) => stateName(state, isStream(netid)))
  const selected = new Uint32Array(rows.count)
  const view = new InetRow()
  let count = 0
  for (let row = 0; row < rows.count; row++) {
    if (!view.at(rows, row)) continue
    const state = named[view.state]
    if (state === undefined || (states !== undefined && !states.has(state))) continue
    if (!exact) {
      const record = parseInetDiag(rows.view(row), rows.start(row), rows.end(row), netid, context)
      if (record === undefined || !filter.matches(record)) continue
    }
    if ((netid === 'tcp' && mayHaveTrouble(view)) || hasStrangeDevice(view, context)) return undefined
    selected[count++] = row
  }
  return selected.subarray(0, count)
}

/**
 * The default order: by kind, listeners first, local port, remote port, then as the kernel gave them.
 */
function inListOrder(tables: readonly RowsPart[], selected: readonly Uint32Array[]): Lines {
  const count = selected.reduce((sum, rows) => sum + rows.length, 0)
  const table = new Uint8Array(count)
  const row = new Uint32Array(count)
  const ports = new Uint32Array(count)
  const isOther = new Uint32Array(count)
  const order = Uint32Array.from({ length: count }, (_, line) => line)
  const view = new InetRow()
  let line = 0
  let kind = 0
  for (const [index, { rows, netid }] of tables.entries()) {
    for (const number of selected[index]!) {
      view.at(rows, number)
      ports[line] = (view.sourcePort << 16) | view.destinationPort
      isOther[line] = view.state === LISTEN ? 0 : 1
      row[line] = number
      table[line++] = index
    }
    if (tables[index + 1]?.netid === netid) continue
    const lines = order.subarray(kind, line)
    for (const shift of [0, 8, 16, 24]) sortByByte(lines, ports, shift)
    sortByByte(lines, isOther, 0)
    kind = line
  }
  return { tables, table, row, order }
}

/** Orders lines by one byte of their keys; those that are equal stay as they were. */
function sortByByte(lines: Uint32Array, keys: Uint32Array, shift: number): void {
  const places = new Uint32Array(256)
  for (const line of lines) places[(keys[line]! >>> shift) & 0xff]!++
  let place = 0
  for (let byte = 0; byte < 256; byte++) {
    const count = places[byte]!
    places[byte] = place
    place += count
  }
  const sorted = new Uint32Array(lines.length)
  for (const line of lines) {
    const byte = (keys[line]! >>> shift) & 0xff
    sorted[places[byte]!++] = line
  }
  lines.set(sorted)
}

/** Is there a socket that a process can hold? */
function isHeld(lines: Lines): boolean {
  return lines.row.some((_, line) => inodeOf(lines, line) !== 0)
}

/** With few lines only their owners are kept: a set of many costs more than it saves. */
function fewInodes(lines: Lines): ReadonlySet<number> | undefined {
  if (lines.row.length > FEW) return undefined
  const inodes = new Set(Array.from(lines.row, (_, line) => inodeOf(lines, line)))
  inodes.delete(0)
  return inodes
}

/** Reads the owners; the text of those of one inode. */
function readOwners(lines: Lines, search: OwnerSearch, degraded: string[]): (inode: number) => string {
  const table = new OwnerTable()
  const comms = new Map<number, string>()
  const wanted = fewInodes(lines)
  const add = (inode: number, pid: number, fd: number, comm: string): void => {
    comms.set(pid, comm)
    table.add(inode, pid, fd)
  }
  const denied = eachSocketOwner(add, undefined, '/proc', wanted, search)
  if (denied > 0 && hasUnowned(lines, table)) degraded.push(deniedNote(denied))
  const none = denied > 0 ? UNKNOWN_OWNERS : ''
  const starts = new Map<number, string>()
  for (const [pid, comm] of comms) starts.set(pid, `${sanitize(comm)}[${pid}] fd `)
  return (inode) => {
    const first = inode === 0 ? -1 : table.first(inode)
    if (first < 0) return inode === 0 ? '' : none
    if (table.next(first) < 0) return starts.get(table.pid(first))! + table.fd(first)
    const processes = []
    for (let owner = first; owner >= 0; owner = table.next(owner)) {
      const pid = table.pid(owner)
      processes.push({ pid, fd: table.fd(owner), comm: comms.get(pid)! })
    }
    return processText(processes)
  }
}

function hasUnowned(lines: Lines, owners: OwnerTable): boolean {
  return lines.row.some((_, line) => {
    const inode = inodeOf(lines, line)
    return inode !== 0 && owners.first(inode) < 0
  })
}

const shared = new InetRow()

function inodeOf({ tables, table, row }: Lines, line: number): number {
  shared.at(tables[table[line]!]!.rows, row[line]!)
  return shared.inode
}
