import type { SocketRecord } from './socket.ts'

/**
 * Counts the half-open requests (SYN_RECV without an inode) of each TCP listener into `listen.syn_queue`.
 *
 * A request belongs to the most specific listener on its port: its own address before a wildcard, its own family
 * before an IPv6 wildcard that takes IPv4. Where several listeners share the place (SO_REUSEPORT) their requests
 * cannot be told apart: `syn_queue` stays absent, unless there is none. `more` has requests that are not in `records`.
 */
export function countSynQueues(records: readonly SocketRecord[], more: readonly SocketRecord[] = []): void {
  const listeners = new Map<string, SocketRecord[]>()
  for (const record of records) {
    if (record.netid !== 'tcp' || record.listen === undefined) continue
    record.listen.syn_queue = 0
    const key = place(record.local.addr!, record)
    const group = listeners.get(key)
    if (group === undefined) listeners.set(key, [record])
    else group.push(record)
  }
  const requests = more.length === 0 ? records : more
  for (const record of requests) {
    if (record.netid !== 'tcp' || record.state !== 'SYN_RECV' || record.inode !== 0) continue
    const group = candidates(record)
      .map((addr) => listeners.get(place(addr, record)))
      .find((found) => found !== undefined)
    if (group?.length === 1) group[0]!.listen!.syn_queue!++
    else for (const listener of group ?? []) delete listener.listen!.syn_queue
  }
}

/** A request carries the device its listener is bound to, so both have the same key. */
function place(addr: string, { local, iface }: SocketRecord): string {
  return `${addr}|${local.port}|${iface ?? ''}`
}

function candidates({ local, family }: SocketRecord): string[] {
  const addr = local.addr!
  if (family === 'inet') return [addr, `::ffff:${addr}`, '0.0.0.0', '::']
  // An IPv4 client of a dual-stack listener has a request of family inet6 with a mapped address.
  return [addr, '::']
}
