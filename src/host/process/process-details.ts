import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { parseContainerId, parsePod, parseUnit } from '../../sockets/process-text.ts'
import type { SocketProcess, SocketRecord } from '../../sockets/socket.ts'
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

/** Containers of Podman and CRI-O, both of containers/storage. */
const STORAGE = '/var/lib/containers/storage/overlay-containers/containers.json'

/** One folder for each namespace of containerd, in it one for each running container. */
const CONTAINERD = '/run/containerd/io.containerd.runtime.v2.task'
/** What nerdctl, containerd's own CRI and CRI-O note in the configuration of a container (OCI annotations). */
const NAME_ANNOTATIONS = ['nerdctl/name', 'io.kubernetes.cri.container-name', 'io.kubernetes.container.name']
const CRIO = '/run/containers/storage/overlay-containers'

/** Names of containers by their whole id, where the engine's state can be read: Docker, Podman, CRI-O, containerd. */
export function containerNames(root = ''): (id: string) => string | undefined {
  let stored: Map<string, string> | undefined
  return (id) => {
    const docker = readJson(`${root}/var/lib/docker/containers/${id}/config.v2.json`) as { Name?: unknown }
    if (typeof docker?.Name === 'string') return docker.Name.replace(/^\//, '')
    const annotated = annotatedName(root, id)
    if (annotated !== undefined) return annotated
    stored ??= storedNames(readJson(root + STORAGE))
    return stored.get(id)
  }
}

function annotatedName(root: string, id: string): string | undefined {
  const folders = [`${root}${CRIO}/${id}/userdata`]
  for (const namespace of readFolder(root + CONTAINERD))
    folders.push(`${root}${CONTAINERD}/${namespace}/${id}`)
  for (const folder of folders) {
    const config = readJson(`${folder}/config.json`) as { annotations?: Record<string, unknown> } | undefined
    for (const name of NAME_ANNOTATIONS) {
      const value = config?.annotations?.[name]
      if (typeof value === 'string' && value !== '') return value
    }
  }
  return undefined
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function storedNames(containers: unknown): Map<string, string> {
  const names = new Map<string, string>()
  if (!Array.isArray(containers)) return names
  for (const { id, names: given } of containers as { id?: unknown; names?: unknown }[])
    if (typeof id === 'string' && Array.isArray(given) && typeof given[0] === 'string')
      names.set(id, given[0])
  return names
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
