import { listenerFinder } from './listeners.ts'
import type { SocketRecord } from './socket.ts'

export const GROUPINGS = ['process', 'state', 'remote', 'listener', 'container', 'user'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** Sockets that have something in common. A socket of several processes counts in the group of each. */
export interface GroupRecord {
  readonly type: 'group'
  readonly by: Grouping
  /** `null` for the sockets of which it is not known, or that have none. */
  readonly key: string | null
  sockets: number
  recv_q: number
  send_q: number
  readonly states: Record<string, number>
}

/** The groups, the largest first. */
export function groupSockets(records: readonly SocketRecord[], by: Grouping): GroupRecord[] {
  const keysOf = keyReader(records, by)
  const groups = new Map<string | null, GroupRecord>()
  for (const record of records)
    for (const key of new Set(keysOf(record))) {
      let group = groups.get(key)
      if (group === undefined) {
        group = { type: 'group', by, key, sockets: 0, recv_q: 0, send_q: 0, states: {} }
        groups.set(key, group)
      }
      group.sockets++
      // A listener's queues are counts of connections, not bytes.
      if (record.state !== 'LISTEN') {
        group.recv_q += record.recv_q
        group.send_q += record.send_q
      }
      group.states[record.state] = (group.states[record.state] ?? 0) + 1
    }
  return [...groups.values()].sort((a, b) => b.sockets - a.sockets)
}

function keyReader(
  records: readonly SocketRecord[],
  by: Grouping,
): (record: SocketRecord) => (string | null)[] {
  const known = (keys: (string | undefined)[]): (string | null)[] => {
    const found = keys.filter((key) => key !== undefined)
    return found.length > 0 ? found : [null]
  }
  switch (by) {
    case 'process':
      return ({ processes }) => known(processes.map(({ comm, pid }) => `${comm}[${pid}]`))
    case 'container':
      return ({ processes }) =>
        known(processes.map(({ container, container_name }) => container_name ?? container))
    case 'state':
      return ({ state }) => [state]
    case 'user':
      return ({ user, uid }) => known([user ?? (uid === null ? undefined : String(uid))])
    case 'remote':
      return ({ remote }) => known([remote.port === 0 ? undefined : (remote.addr ?? remote.path)])
    case 'listener': {
      const find = listenerFinder(records)
      return (record) => {
        const listener = record.state === 'LISTEN' ? record : find(record)
        return [listener === undefined ? null : placeOf(listener)]
      }
    }
    default:
      return by satisfies never
  }
}

function placeOf({ local: { addr, port, path } }: SocketRecord): string {
  if (addr === undefined) return path ?? ''
  return addr.includes(':') ? `[${addr}]:${port}` : `${addr}:${port}`
}
