import { readdirSync, readFileSync } from 'node:fs'
import type { SocketProcess } from '../../sockets/socket.ts'
import { listPids, type SocketOwners } from '../process/procfs.ts'
import { eachSocketDescriptor } from './descriptors.ts'

/**
 * Who owns which socket, by thread: each thread's own links are read, since one may have descriptors that the others
 * of its process have not (unshare(2), CLONE_FILES). Costs the descriptors of a process as often as it has threads.
 */
export function scanSocketThreads(): SocketOwners {
  const byInode = new Map<number, SocketProcess[]>()
  let denied = 0
  for (const pid of listPids()) {
    let refused = false
    for (const tid of listThreads(pid)) {
      const folder = `/proc/${pid}/task/${tid}`
      let comm: string | undefined
      const outcome = eachSocketDescriptor(`${folder}/fd`, (fd, inode) => {
        comm ??= readName(`${folder}/comm`)
        if (comm === undefined) return false
        const owners = byInode.get(inode)
        const owner: SocketProcess = { pid, tid, comm, fd }
        if (owners === undefined) byInode.set(inode, [owner])
        else owners.push(owner)
        return true
      })
      refused ||= outcome === 'denied'
    }
    if (refused) denied++
  }
  return { byInode, denied }
}

function listThreads(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

function readName(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\n$/, '')
  } catch {
    return undefined
  }
}
