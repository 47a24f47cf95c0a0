import { interfaceNames } from '../../host/interface-names.ts'
import { ephemeralPorts, servicePort } from '../../host/names.ts'
import { findNetns, insideNetns, netnsInode } from '../../host/netns.ts'
import { addProcessDetails } from '../../host/process/process-details.ts'
import {
  type Snapshot,
  type SnapshotOptions,
  snapshot,
  type TableName,
} from '../../host/sockets/socket-table.ts'
import { sanitize } from '../../render/sanitize.ts'
import { socketColumns } from '../../render/socket-columns.ts'
import { NUMERIC } from '../../render/socket-text.ts'
import { wantsColor } from '../../render/style.ts'
import { type Stamp, TraceClock } from '../../render/time.ts'
import { parseFilter, type SocketFilter } from '../../sockets/filter.ts'
import type { SocketRecord, SocketState } from '../../sockets/socket.ts'
import { CONNECTED_STATES, LISTENING_STATES, STATE_BITS } from '../../sockets/state-names.ts'
import { EXIT, type ExitCode, UserError } from '../../user-error.ts'
import type { Io } from '../io.ts'
import type { ListOptions, SsFamily } from '../list.ts'
import { closeSockets } from './kill.ts'
import { chooseColumns, order } from './order.ts'
import { paged, wantsPager } from './pager.ts'
import { writePlainList } from './plain.ts'
import { TABLES } from './ss-spellings.ts'
import { intervalOf, watch } from './watch.ts'

/** The table that `-f` means. */
const FAMILY_TABLES: Readonly<Record<SsFamily, TableName | undefined>> = {
  inet: undefined,
  inet6: undefined,
  unix: 'unix',
  link: 'packet',
  netlink: 'netlink',
  vsock: 'vsock',
}
/** Columns that need tcp_info. */
const TCP_COLUMNS = ['info', 'congestion', 'rtt', 'cwnd', 'retrans']

/** Where the sockets come from; tests give their own. */
export type TakeSnapshot = (options: SnapshotOptions) => Snapshot

/** One listing. Exit code 1 only with `--quiet` and no match. */
export async function runList(
  words: readonly string[],
  options: ListOptions,
  io: Io,
  take: TakeSnapshot = snapshot,
): Promise<ExitCode> {
  if (options.summary) {
    const { runSummary } = await import('./summary.ts')
    await runSummary(options, io, currentTime)
    return EXIT.fine
  }
  const filter = parseFilter(words, {
    servicePort,
    interfaceName: interfaceNames(),
    ephemeralPorts,
    netnsInode,
  })
  const numeric = socketColumns(NUMERIC)
  const columns = chooseColumns(options, numeric)
  const inOrder = order(options.sort, numeric)
  const request = snapshotOptions(options, filter)
  const states = selectedStates(options, filter)
  const { processes, info, cgroups } = filter.needs
  const isPlain =
    take === snapshot &&
    plain(options, io) &&
    !wantsPager(options, io) &&
    !(options.boundInactive || options.kill || options.netns || options.watch) &&
    !(processes || info || cgroups || request.tables?.includes('unix'))
  if (isPlain && (await writePlainList({ snapshot: request, filter, states, header: options.header }, io))) {
    io.flush()
    return EXIT.fine
  }
  if (options.kill && options.netns === 'all')
    throw new UserError('-K closes sockets of one network namespace only', { hint: 'name it: --netns NAME' })
  if (options.kill && words.length === 0)
    throw new UserError('-K needs a filter that says which sockets to close', {
      hint: 'for example: socktrace list -K dst 192.0.2.7 dport = :443',
    })
  const { show } = await loadShow()
  const told = new Set<string>()
  const collect = (): SocketRecord[] => {
    const started = performance.now()
    const { records, degraded } = take(request)
    if (filter.needs.containers || wants(options, ['container'])) addProcessDetails(records)
    const selected = records.filter((record) => (states?.has(record.state) ?? true) && filter.matches(record))
    if (options.verbose) {
      const taken = (performance.now() - started).toFixed(0)
      io.note(`${records.length} sockets read in ${taken} ms, ${selected.length} match`)
    }
    for (const note of degraded) if (!told.has(note)) io.note(`socktrace: ${sanitize(note)}`)
    for (const note of degraded) told.add(note)
    return inOrder(selected)
  }
  if (options.watch !== undefined) {
    const settings = {
      intervalMs: intervalOf(options.watch),
      count: options.count,
      json: options.json === true,
    }
    await watch(
      settings,
      io,
      collect,
      (records) => show(records, columns, currentTime(), options, io),
      currentTime,
    )
    return EXIT.fine
  }
  const stamp = currentTime()
  const ordered = collect()
  if (options.quiet) return ordered.length > 0 ? EXIT.fine : EXIT.finding
  if (wantsPager(options, io))
    await paged(io, (collecting) => show(ordered, columns, stamp, options, collecting))
  else if (!options.kill || !options.yes) await show(ordered, columns, stamp, options, io)
  io.flush()
  if (!options.kill) return EXIT.fine
  const code = inNamespace(options, () => closeSockets(ordered, options.yes === true, io))
  io.flush()
  return code
}

/** Loaded only where it is needed: measuring text in cells costs 20 ms at its first use (Intl.Segmenter). */
function loadShow(): Promise<typeof import('./show.ts')> {
  return import('./show.ts')
}

function inNamespace<T>({ netns }: ListOptions, action: () => T): T {
  return netns === undefined ? action() : insideNetns(findNetns(netns)[0]!, action)
}

function currentTime(): Stamp {
  const epochMs = performance.timeOrigin + performance.now()
  const originSeconds = Math.floor(epochMs / 1000)
  return new TraceClock(originSeconds).stamp(Math.floor((epochMs - originSeconds * 1000) * 1e6))
}

function snapshotOptions(options: ListOptions, filter: SocketFilter): SnapshotOptions {
  const { family } = options
  const alone = FAMILY_TABLES[family ?? 'inet']
  const chosen = TABLES.filter((name) => options[name] || name === alone)
  const tables: readonly TableName[] = options.boundInactive && chosen.length === 0 ? ['tcp'] : chosen
  const [ipv4, ipv6] = [options.ipv4 || family === 'inet', options.ipv6 || family === 'inet6']
  return {
    ...(tables.length > 0 && { tables }),
    ...(ipv4 !== ipv6 && { families: [ipv4 ? 'inet' : 'inet6'] }),
    ...(options.threads && { threads: true }),
    processes: filter.needs.processes || (options.process !== false && !options.quiet),
    kernel: filter.kernel,
    ...(options.netns !== undefined && { netns: options.netns }),
    ...(options.boundInactive && { states: STATE_BITS.BOUND_INACTIVE }),
    ...((options.info || filter.needs.info || wants(options, TCP_COLUMNS)) && { info: true }),
    ...((options.memory || wants(options, ['memory'])) && { memory: true }),
    ...((options.extended || filter.needs.cgroups || wants(options, ['cgroup', 'extended'])) && {
      cgroups: true,
    }),
  }
}

/** Does the listing show or sort by one of these columns? */
function wants({ columns = '', sort = '' }: ListOptions, names: readonly string[]): boolean {
  return names.some((name) => `${columns},${sort}`.toLowerCase().includes(name))
}

/** Lines of the default columns that go whole into a pipe or file. */
function plain(options: ListOptions, io: Io): boolean {
  const {
    json,
    csv,
    columns,
    sort,
    quiet,
    verbose,
    extended,
    options: timers,
    resolve,
    info,
    memory,
  } = options
  if ([json, csv, columns, sort, quiet, verbose, extended, timers, resolve, info, memory].some(Boolean))
    return false
  if (options.groupBy || options.tree || options.format || options.threads) return false
  if (io.isTerminal && !options.oneline) return false
  return !wantsColor({ choice: options.color, isTerminal: io.isTerminal, environment: io.env })
}

/** As in ss, states that the filter names replace the selection by options. */
function selectedStates(options: ListOptions, filter: SocketFilter): ReadonlySet<SocketState> | undefined {
  if (filter.namesStates || (!options.listening && !options.connected)) return undefined
  return new Set(options.listening ? LISTENING_STATES : CONNECTED_STATES)
}
