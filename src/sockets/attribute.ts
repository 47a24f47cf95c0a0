import type { SocketProcess, SocketRecord } from './socket.ts'

/** Says why the owners are not known of each socket that some process may hold and none is known to. */
export function markUnknownOwners(records: Iterable<SocketRecord>, reason: string): boolean {
  let any = false
  for (const record of records) {
    if (record.inode === 0 || record.processes.length > 0 || isOfKernel(record)) continue
    record.owners_unknown = reason
    any = true
  }
  return any
}

/** The kernel's end of a netlink protocol has a number that no process can have. */
function isOfKernel({ netid, local }: SocketRecord): boolean {
  return netid === 'netlink' && local.port === 0
}

/** Gives every record the descriptors that refer to it, by inode. Inode 0 belongs to nobody. */
export function attribute(records: Iterable<SocketRecord>, owners: Map<number, SocketProcess[]>): void {
  for (const record of records)
    if (record.inode !== 0) record.processes = owners.get(record.inode) ?? record.processes
}
