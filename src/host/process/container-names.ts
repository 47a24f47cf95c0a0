import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Docker's own folder, and where snap puts it; `data-root` of its configuration may name another. */
const DOCKER = ['/var/lib/docker', '/var/snap/docker/common/var-lib-docker']
const DOCKER_CONFIGURATION = '/etc/docker/daemon.json'
/** Podman and CRI-O, both of containers/storage: one file for containers that stay, one for those of `--rm`. */
const STORAGE = '/var/lib/containers/storage'
const STORED = ['containers.json', 'volatile-containers.json']
/** The same below the home of a user who runs them without root. */
const HOME = { docker: '.local/share/docker', storage: '.local/share/containers/storage' }

/** One folder for each namespace of containerd, in it one for each running container; k3s brings its own. */
const CONTAINERD = [
  '/run/containerd/io.containerd.runtime.v2.task',
  '/run/k3s/containerd/io.containerd.runtime.v2.task',
]
const CRIO = '/run/containers/storage/overlay-containers'
/** What nerdctl, containerd's own CRI and CRI-O note in the configuration of a container (OCI annotations). */
const NAME_ANNOTATIONS = ['nerdctl/name', 'io.kubernetes.cri.container-name', 'io.kubernetes.container.name']

/** The files of containers/storage are read this often for one id that is not in them; those of so many ids are counted. */
const MAX_READS = 4
const MAX_MISSED = 1024

/** Names of containers by their whole id, where the engine's state can be read. LXC's names are in the cgroup. */
export function containerNames(root = ''): (id: string) => string | undefined {
  let docker: readonly string[] | undefined
  let stored: Map<string, string> | undefined
  const missed = new Map<string, number>()
  return (id) => {
    docker ??= dockerFolders(root)
    for (const folder of docker) {
      const { Name: name } = readObject(`${folder}/containers/${id}/config.v2.json`)
      if (typeof name === 'string') return name.replace(/^\//, '')
    }
    const annotated = annotatedName(root, id)
    if (annotated !== undefined) return annotated
    const name = stored?.get(id)
    if (name !== undefined) return name
    // It may have been started after the files were read.
    const tries = missed.get(id) ?? 0
    if (tries >= MAX_READS) return undefined
    if (missed.size >= MAX_MISSED) missed.clear()
    missed.set(id, tries + 1)
    stored = storedNames(root)
    return stored.get(id)
  }
}

function dockerFolders(root: string): string[] {
  const { 'data-root': configured } = readObject(root + DOCKER_CONFIGURATION)
  const system = typeof configured === 'string' ? [configured, ...DOCKER] : DOCKER
  return [...system.map((folder) => root + folder), ...homes(root).map((home) => join(home, HOME.docker))]
}

function annotatedName(root: string, id: string): string | undefined {
  const folders = [`${root}${CRIO}/${id}/userdata`]
  for (const tasks of CONTAINERD)
    for (const namespace of readFolder(root + tasks)) folders.push(`${root}${tasks}/${namespace}/${id}`)
  for (const folder of folders) {
    const { annotations } = readObject(`${folder}/config.json`)
    if (!isObject(annotations)) continue
    for (const name of NAME_ANNOTATIONS) {
      const value = annotations[name]
      if (typeof value === 'string' && value !== '') return value
    }
  }
  return undefined
}

function storedNames(root: string): Map<string, string> {
  const found = new Map<string, string>()
  const storages = [root + STORAGE, ...homes(root).map((home) => join(home, HOME.storage))]
  for (const path of storages.flatMap((storage) =>
    STORED.map((file) => join(storage, 'overlay-containers', file)),
  )) {
    const containers = readJson(path)
    if (!Array.isArray(containers)) continue
    for (const container of containers as unknown[]) {
      if (!isObject(container)) continue
      const { id, names } = container
      const name: unknown = Array.isArray(names) ? names[0] : undefined
      if (typeof id === 'string' && typeof name === 'string') found.set(id, name)
    }
  }
  return found
}

function homes(root: string): string[] {
  return [`${root}/root`, ...readFolder(`${root}/home`).map((user) => `${root}/home/${user}`)]
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Empty where there is none, or it may not be read. */
function readObject(path: string): Readonly<Record<string, unknown>> {
  const value = readJson(path)
  return isObject(value) ? value : {}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
