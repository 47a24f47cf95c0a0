import { readlinkSync } from 'node:fs'
import { parseContainerId, parsePod, parseUnit } from '../../sockets/process-text.ts'
import type { SocketProcess, SocketRecord } from '../../sockets/socket.ts'
import { containerNames } from './container-names.ts'
import { readCgroup, readProcess, readStat } from './procfs.ts'

/** Longer chains of parents are cut: a loop cannot be, but a table read while it changes may look like one. */
const MAX_PARENTS = 32

/** Gives every owner what /proc tells of it. Each process is read once; one that is gone keeps what the scan saw. */
export function addProcessDetails(records: Iterable<SocketRecord>): void {
  const details = new Map<number, Partial<SocketProcess>>()
  const parents = new Map<number, { comm: string; ppid: number } | undefined>()
  const names = containerNames()
  for (const record of records) {
    if (record.processes.length === 0) continue
    record.processes = record.processes.map((owner) => {
      let known = details.get(owner.pid)
      if (known === undefined) {
        known = readDetails(owner.pid, parents, names)
        details.set(owner.pid, known)
      }
      return { ...known, ...owner }
    })
  }
}

type Parents = Map<number, { comm: string; ppid: number } | undefined>

function readDetails(
  pid: number,
  parents: Parents,
  names: (id: string) => string | undefined,
): Partial<SocketProcess> {
  const found = readProcess(pid)
  if (found === undefined) return {}
  const { netns: _, uid: __, ...shown } = found
  const cgroup = readCgroup(pid)
  const [unit, pod, id, cwd] = [parseUnit(cgroup), parsePod(cgroup), parseContainerId(cgroup), readCwd(pid)]
  const name = id === undefined ? undefined : names(id)
  const chain = parentChain(found.ppid, parents)
  return {
    ...shown,
    ...(name !== undefined && { container_name: name }),
    ...(pod !== undefined && { pod }),
    ...(unit !== undefined && { unit }),
    ...(cwd !== undefined && { cwd }),
    ...(chain.length > 0 && { parents: chain }),
  }
}

function parentChain(first: number, known: Parents): { pid: number; comm: string }[] {
  const chain: { pid: number; comm: string }[] = []
  for (let pid = first; pid > 0 && chain.length < MAX_PARENTS; ) {
    if (!known.has(pid)) known.set(pid, readStat(pid))
    const stat = known.get(pid)
    if (stat === undefined) break
    chain.push({ pid, comm: stat.comm })
    pid = stat.ppid
  }
  return chain
}

function readCwd(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}
