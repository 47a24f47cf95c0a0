import type { SocketRecord } from './socket.ts'

type Change = NonNullable<SocketRecord['change']>

export interface Frame {
  /** The sockets now, and those that closed, each with what happened to it. */
  readonly records: readonly SocketRecord[]
  readonly opened: number
  readonly closed: number
  readonly changed: number
}

/** Tells what changed between two listings: a socket is the same by its cookie, else by its kind, inode and ends. */
export function compareListings(
  before: readonly SocketRecord[] | undefined,
  now: readonly SocketRecord[],
): Frame {
  if (before === undefined) return { records: now, opened: 0, closed: 0, changed: 0 }
  const old = new Map(before.map((record) => [identity(record), record]))
  const counts = { opened: 0, closed: 0, changed: 0 }
  const marked = (record: SocketRecord, change: Change): SocketRecord => {
    counts[change]++
    return { ...record, change }
  }
  const records = now.map((record) => {
    const key = identity(record)
    const earlier = old.get(key)
    old.delete(key)
    if (earlier === undefined) return marked(record, 'opened')
    return appearance(earlier) === appearance(record) ? record : marked(record, 'changed')
  })
  for (const record of old.values()) records.push(marked(record, 'closed'))
  return { records, ...counts }
}

function identity({ netns, netid, family, cookie, inode, local, remote }: SocketRecord): string {
  if (cookie !== null) return `${netns} ${netid} ${cookie}`
  return [netns, netid, family, inode, local.addr, local.port, remote.addr, remote.port].join(' ')
}

/** What a line shows of it, without clocks. */
function appearance({ state, recv_q, send_q, processes }: SocketRecord): string {
  return [state, recv_q, send_q, ...processes.map(({ pid, fd }) => `${pid}/${fd}`)].join(' ')
}
