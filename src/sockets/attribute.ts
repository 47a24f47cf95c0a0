import type { SocketProcess, SocketRecord } from './socket.ts'

/** Gives every record the descriptors that refer to it, by inode. Inode 0 belongs to nobody. */
export function attribute(records: Iterable<SocketRecord>, owners: Map<number, SocketProcess[]>): void {
  for (const record of records)
    if (record.inode !== 0) record.processes = owners.get(record.inode) ?? record.processes
}
