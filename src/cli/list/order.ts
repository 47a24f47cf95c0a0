import type { SocketColumn } from '../../render/socket-columns.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { UserError } from '../../user-error.ts'
import type { ListOptions } from '../list.ts'

const DEFAULT = ['netid', 'state', 'recv_q', 'send_q', 'local', 'remote']
/** CSV is for programs: addresses and ports apart. */
const CSV = ['netid', 'state', 'recv_q', 'send_q', 'local_addr', 'local_port', 'remote_addr', 'remote_port']

/** The columns that the options ask for, in their order. Throws `UserError` for a name that is none. */
export function chooseColumns(options: ListOptions, all: readonly SocketColumn[]): SocketColumn[] {
  if (options.columns !== undefined)
    return options.columns.split(',').map((name) => findColumn(name, all, '--columns'))
  const names = options.csv ? [...CSV] : [...DEFAULT]
  if (options.format === 'ss' && kinds(options) === 1) names.shift()
  if (options.watch !== undefined && !options.csv) names.unshift('change')
  if (options.netns === 'all') names.unshift('netns')
  if (options.process !== false) names.push(...(options.csv ? ['pid', 'comm', 'fd'] : ['process']))
  if (options.resolve && !options.csv && options.format === undefined) names.push('service')
  if (options.options) names.push('timer')
  if (options.memory) names.push('memory')
  if (options.info) names.push('info')
  if (options.extended) names.push(...(options.csv ? ['uid', 'user', 'inode', 'cookie'] : ['extended']))
  return names.map((name) => findColumn(name, all, '--columns'))
}

/** How many kinds of sockets are asked for: ss leaves its first column out when it is one. */
function kinds({ tcp, udp, raw, unix, packet }: ListOptions): number {
  return [tcp, udp, raw].filter(Boolean).length + (unix || packet ? 2 : 0) || 2
}

/** `Recv-Q`, `recv_q` and `peer` are names too. */
function findColumn(given: string, all: readonly SocketColumn[], option: string): SocketColumn {
  const name = given.trim().toLowerCase().replaceAll('-', '_').replace(/^peer/, 'remote')
  const column = all.find((candidate) => candidate.name === name)
  if (column !== undefined) return column
  throw new UserError(`There is no column "${given}" (${option})`, {
    hint: `the columns are ${all.map((candidate) => candidate.name).join(', ')}`,
  })
}

/** How `--sort` orders records in place; what is equal in its column keeps the default order. */
export function order(
  sort: string | undefined,
  all: readonly SocketColumn[],
): (records: SocketRecord[]) => SocketRecord[] {
  if (sort === undefined) return (records) => records.sort(byDefaultOrder)
  const [, minus, name, direction] = /^(-?)(.*?)(?::(asc|desc))?$/i.exec(sort)!
  const column = findColumn(name!, all, '--sort')
  const factor = (minus === '-') !== (direction?.toLowerCase() === 'desc') ? -1 : 1
  const key = column.key ?? column.text
  return (records) =>
    records
      .sort(byDefaultOrder)
      .map((record) => ({ record, key: key(record) }))
      .sort((a, b) => factor * compare(a.key, b.key))
      .map(({ record }) => record)
}

/** Listeners first, then by ports: what belongs to one server stands together. The rest is as the kernel gave it. */
function byDefaultOrder(a: SocketRecord, b: SocketRecord): number {
  return (
    compare(a.netid, b.netid) ||
    Number(b.state === 'LISTEN') - Number(a.state === 'LISTEN') ||
    compare(a.local.port ?? 0, b.local.port ?? 0) ||
    compare(a.remote.port ?? 0, b.remote.port ?? 0) ||
    compare(a.local.path ?? '', b.local.path ?? '')
  )
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
