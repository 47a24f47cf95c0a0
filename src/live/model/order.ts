import { listenerFinder } from '../../sockets/listeners.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import type { Row } from './row.ts'

export const SORTS = ['recent', 'state', 'local', 'remote', 'process', 'queues', 'bytes'] as const
export type Sort = (typeof SORTS)[number]

export const GROUPINGS = ['none', 'process', 'listener', 'state'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** Head of the rows that have something in common. */
export interface GroupLine {
  readonly group: string
  readonly rows: number
  readonly folded: boolean
}

export type Line = Row | GroupLine

export function isGroup(line: Line): line is GroupLine {
  return 'group' in line
}

export interface Arrangement {
  readonly matches: ((record: SocketRecord) => boolean) | undefined
  readonly sort: Sort
  readonly reversed: boolean
  readonly grouping: Grouping
  /** Groups whose rows are not shown. */
  readonly folded: ReadonlySet<string>
}

/**
 * The lines of the table: filtered, sorted, and below the heads of their groups. `before` are rows as they were sorted
 * last: what is in order already is sorted with one comparison a row, a tenth of the time for 10 000 rows.
 */
export function arrange(
  rows: ReadonlyMap<number, Row>,
  arrangement: Arrangement,
  before: readonly Row[],
): { readonly lines: readonly Line[]; readonly sorted: readonly Row[] } {
  const { matches, sort, reversed, grouping } = arrangement
  const sorted: Row[] = []
  let newest = -1
  for (const row of before) {
    newest = Math.max(newest, row.id)
    if (rows.get(row.id) === row) sorted.push(row)
  }
  // Numbers count up.
  for (const row of rows.values()) if (row.id > newest) sorted.push(row)
  const compare = COMPARE[sort]
  const factor = reversed ? -1 : 1
  sorted.sort((a, b) => factor * compare(a, b) || byPlace(a, b))
  const chosen = matches === undefined ? sorted : sorted.filter(({ record }) => matches(record))
  return { lines: grouping === 'none' ? chosen : grouped(chosen, grouping, arrangement.folded), sorted }
}

type Compare = (a: Row, b: Row) => number

const COMPARE: Readonly<Record<Sort, Compare>> = {
  recent: (a, b) => b.changed - a.changed,
  state: (a, b) => text(a.record.state, b.record.state),
  local: (a, b) => text(a.record.local.addr ?? '', b.record.local.addr ?? ''),
  remote: (a, b) =>
    text(a.record.remote.addr ?? '', b.record.remote.addr ?? '') ||
    (a.record.remote.port ?? 0) - (b.record.remote.port ?? 0),
  process: (a, b) => text(a.record.processes[0]?.comm ?? '~', b.record.processes[0]?.comm ?? '~'),
  queues: (a, b) => b.record.recv_q + b.record.send_q - (a.record.recv_q + a.record.send_q),
  bytes: (a, b) => carried(b) - carried(a),
}

function carried({ card }: Row): number {
  return card === undefined ? 0 : card.bytes.client + card.bytes.server
}

/** What is equal otherwise stands as in a listing: listeners first, what is over last, then by ports. */
function byPlace(a: Row, b: Row): number {
  return (
    rank(a) - rank(b) ||
    (a.record.local.port ?? 0) - (b.record.local.port ?? 0) ||
    (a.record.remote.port ?? 0) - (b.record.remote.port ?? 0) ||
    a.id - b.id
  )
}

function rank({ record: { state }, closed }: Row): number {
  if (state === 'LISTEN') return 0
  return state === 'TIME_WAIT' || closed !== undefined ? 2 : 1
}

function text(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function grouped(rows: readonly Row[], grouping: Grouping, folded: ReadonlySet<string>): Line[] {
  const keyOf = keyReader(rows, grouping)
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  const lines: Line[] = []
  for (const [group, members] of [...groups].sort((a, b) => b[1].length - a[1].length)) {
    lines.push({ group, rows: members.length, folded: folded.has(group) })
    if (!folded.has(group)) for (const row of members) lines.push(row)
  }
  return lines
}

function keyReader(rows: readonly Row[], grouping: Grouping): (row: Row) => string {
  switch (grouping) {
    case 'none':
      return () => ''
    case 'state':
      return ({ record, closed }) => (closed === undefined ? record.state : 'closed')
    case 'process':
      return ({ record: { processes } }) => {
        const [first] = processes
        return first === undefined ? 'no process' : `${first.comm}[${first.pid}]`
      }
    case 'listener': {
      const find = listenerFinder(
        rows.filter(({ closed }) => closed === undefined).map(({ record }) => record),
      )
      return ({ record }) => {
        const listener = record.state === 'LISTEN' ? record : find(record)
        if (listener === undefined) return 'no listener'
        const { addr = '', port } = listener.local
        return addr.includes(':') ? `[${addr}]:${port}` : `${addr}:${port}`
      }
    }
    default:
      return grouping satisfies never
  }
}
