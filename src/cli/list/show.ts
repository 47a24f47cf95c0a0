import { serviceName } from '../../host/names.ts'
import { addProcessDetails } from '../../host/process/process-details.ts'
import { reverseNames } from '../../host/reverse-names.ts'
import { type Column, writeColumns } from '../../render/columns.ts'
import { writeCsv } from '../../render/csv.ts'
import { jsonLine } from '../../render/json-text.ts'
import {
  type SocketColumn,
  socketColumns,
  TERMINAL_TIMER,
  TROUBLE_MARK,
} from '../../render/socket-columns.ts'
import { groupColumns } from '../../render/socket-group.ts'
import { socketJson } from '../../render/socket-json.ts'
import { ssColumns } from '../../render/socket-ss.ts'
import { type EndpointNames, NUMERIC } from '../../render/socket-text.ts'
import { renderTree } from '../../render/socket-tree.ts'
import { createStyle, type Style, wantsColor } from '../../render/style.ts'
import type { Stamp } from '../../render/time.ts'
import { type Grouping, groupSockets } from '../../sockets/group.ts'
import { afterListeners } from '../../sockets/listeners.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { troubleOf } from '../../sockets/trouble.ts'
import type { Io } from '../io.ts'
import type { ListOptions } from '../list.ts'
import { chooseColumns } from './order.ts'

/** How long names may be waited for (`--resolve`). */
const RESOLVE_LIMIT_MS = 1000
/** Lines of a terminal that are not the table: the header and the next prompt. */
const SCREEN_MARGIN = 2
/** Below this many cells a timer would take the addresses theirs. */
const TIMER_WIDTH = 72

/** Writes the selected sockets in the form that the options ask for. */
export async function show(
  records: readonly SocketRecord[],
  columns: readonly SocketColumn[],
  stamp: Stamp,
  options: ListOptions,
  io: Io,
): Promise<void> {
  if (options.groupBy !== undefined) return showGroups(records, options.groupBy, stamp, options, io)
  const names = options.resolve && !options.numeric ? await resolved(records) : NUMERIC
  if (options.json) writeJson(options.tree ? afterListeners(records) : records, stamp, names, options, io)
  else if (options.csv) writeCsv(records, columns, options.header, (text) => io.write(text))
  else if (options.tree) io.write(renderTree(records, names, styleOf(options, io), widthOf(options, io)))
  else {
    const all = socketColumns(names)
    const chosen = chooseColumns(options, options.format === 'ss' ? ssColumns(all) : all)
    const marks =
      options.columns === undefined &&
      options.format === undefined &&
      records.some((record) => troubleOf(record) !== undefined)
    await writeSockets(records, marks ? [...chosen, TROUBLE_MARK] : chosen, options, io)
  }
}

async function showGroups(
  records: readonly SocketRecord[],
  by: Grouping,
  stamp: Stamp,
  options: ListOptions,
  io: Io,
): Promise<void> {
  if (by === 'container') addProcessDetails(records)
  const groups = groupSockets(records, by)
  const columns = groupColumns(by)
  if (options.csv) writeCsv(groups, columns, options.header, (text) => io.write(text))
  else if (!options.json) await writeText(groups, columns, options, io)
  else for (const { type, ...group } of groups) io.write(jsonLine({ type, ...stamp, ...group }))
}

/** Cells of a line; `undefined` when lines are not cut. */
export function widthOf({ oneline }: ListOptions, io: Io): number | undefined {
  return io.isTerminal && !oneline ? io.columns : undefined
}

export function styleOf({ color }: ListOptions, io: Io): Style {
  return createStyle(wantsColor({ choice: color, isTerminal: io.isTerminal, environment: io.env }))
}

/** Ports from /etc/services, hosts as far as they answer in time. */
async function resolved(records: readonly SocketRecord[]): Promise<EndpointNames> {
  const addresses = new Set<string>()
  for (const { local, remote } of records)
    for (const { addr } of [local, remote])
      if (addr !== undefined && addr !== '0.0.0.0' && addr !== '::') addresses.add(addr)
  const hosts = await reverseNames(addresses, RESOLVE_LIMIT_MS)
  return {
    host: (addr) => hosts.get(addr),
    port: (port, { netid }) =>
      netid === 'raw' ? undefined : serviceName(port, netid === 'udp' ? 'udp' : 'tcp'),
  }
}

function writeJson(
  records: readonly SocketRecord[],
  stamp: Stamp,
  names: EndpointNames,
  options: ListOptions,
  io: Io,
): void {
  if (options.extended) addProcessDetails(records)
  for (const record of records) io.write(socketJson(record, stamp, names))
}

/** On a terminal what `-i` and `-m` tell stands below the line, else the line could not fit; a timer on a narrow one. */
async function writeSockets(
  records: readonly SocketRecord[],
  columns: readonly SocketColumn[],
  options: ListOptions,
  io: Io,
): Promise<void> {
  const width = widthOf(options, io)
  if (width === undefined) return writeText(records, columns, options, io)
  const isBrief = options.format === undefined
  const cut = columns.map((column) => (isBrief && column.name === 'timer' ? TERMINAL_TIMER : column))
  const isBelow = ({ name }: SocketColumn): boolean =>
    name === 'memory' || name === 'info' || (name === 'timer' && width < TIMER_WIDTH)
  const below = cut.filter(isBelow)
  if (below.length === 0) return writeText(records, cut, options, io)
  writeColumns(
    records,
    cut.filter((column) => !below.includes(column)),
    { header: options.header, style: styleOf(options, io), width },
    (text) => io.write(text),
    (record) =>
      below
        .map(({ text }) => text(record))
        .filter(Boolean)
        .join(' '),
  )
}

async function writeText<T>(
  records: readonly T[],
  columns: readonly Column<T>[],
  options: ListOptions,
  io: Io,
): Promise<void> {
  const style = styleOf(options, io)
  const { header } = options
  const width = widthOf(options, io)
  if (width !== undefined && records.length <= io.rows - SCREEN_MARGIN) {
    const { renderTable } = await import('../../render/table.ts')
    io.write(renderTable(records, columns, { header, style, width }))
  } else writeColumns(records, columns, { header, style, width }, (text) => io.write(text))
}
