import { readdirSync, readFileSync, statSync } from 'node:fs'

/**
 * Paths of control groups by the inode of their folder, which is the id that the kernel gives for a socket
 * (cgroup v2). The tree is walked when the first one is asked for.
 */
export function cgroupPaths(): (id: number) => string | undefined {
  let paths: Map<number, string> | undefined
  return (id) => {
    paths ??= readTree(mountPoint())
    return paths.get(id)
  }
}

/** Where the version 2 hierarchy is mounted. */
function mountPoint(): string | undefined {
  try {
    const line = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .find((mount) => mount.split(' ')[2] === 'cgroup2')
    return line?.split(' ')[1]
  } catch {
    return undefined
  }
}

/** Names are bytes, here a character each: one that is no UTF-8 would not be found again. */
function readTree(root: string | undefined): Map<number, string> {
  const paths = new Map<number, string>()
  const pending = root === undefined ? [] : ['']
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    try {
      const folder = Buffer.from(`${root}${path}`, 'latin1')
      paths.set(statSync(folder).ino, path === '' ? '/' : Buffer.from(path, 'latin1').toString('utf8'))
      for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'latin1' }))
        if (entry.isDirectory()) pending.push(`${path}/${entry.name}`)
    } catch {
      // Removed while the tree was walked.
    }
  }
  return paths
}
