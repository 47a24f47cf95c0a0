import { closeSync, openSync, readdirSync, statSync } from 'node:fs'
import { EXIT, UserError } from '../user-error.ts'
import { lastError, SystemError, setns } from './libc.ts'

const CLONE_NEWNET = 0x4000_0000
const NAMED = '/run/netns'
const HINT = 'give a name of `ip netns list`, a path, a pid, or all'

/** Inode of the calling thread's network namespace (`setns` moves one thread only); `null` without /proc. */
export function currentNetns(): number | null {
  try {
    return statSync('/proc/thread-self/ns/net').ino
  } catch {
    return null
  }
}

/** A network namespace and a file that leads into it. */
export interface NetworkNamespace {
  readonly inode: number
  readonly path: string
}

/** The namespaces that `--netns NAME|PATH|PID|all` means. Throws `UserError` for one that is not there. */
export function findNetns(wanted: string): NetworkNamespace[] {
  if (wanted === 'all') return allNetns()
  const path = /^\d+$/.test(wanted)
    ? `/proc/${wanted}/ns/net`
    : wanted.includes('/')
      ? wanted
      : `${NAMED}/${wanted}`
  const inode = inodeOf(path)
  if (inode === undefined)
    throw new UserError(`There is no network namespace "${wanted}" (${path})`, {
      hint: HINT,
    })
  return [{ inode, path }]
}

/** Inode of a namespace by its name in /run/netns. */
export function netnsInode(name: string): number | undefined {
  return name.includes('/') ? undefined : inodeOf(`${NAMED}/${name}`)
}

/** Every namespace that a process is in or that has a name, this one first. */
function allNetns(): NetworkNamespace[] {
  const found = new Map<number, string>()
  const paths = ['/proc/thread-self/ns/net']
  for (const name of readable(NAMED)) paths.push(`${NAMED}/${name}`)
  for (const name of readable('/proc')) if (/^\d+$/.test(name)) paths.push(`/proc/${name}/ns/net`)
  for (const path of paths) {
    const inode = inodeOf(path)
    if (inode !== undefined && !found.has(inode)) found.set(inode, path)
  }
  return [...found].map(([inode, path]) => ({ inode, path }))
}

function readable(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}

/**
 * Does something inside a namespace and comes back. Only this thread moves; sockets that are opened inside stay there.
 * Throws `UserError` when it may not be entered.
 */
export function insideNetns<T>({ path, inode }: NetworkNamespace, action: () => T): T {
  if (inode === currentNetns()) return action()
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    enter(path)
    try {
      return action()
    } finally {
      comeBack(home)
    }
  } finally {
    closeSync(home)
  }
}

/** Staying in a foreign namespace would answer every later question wrongly. */
function comeBack(home: number): void {
  if (setns(home, CLONE_NEWNET) === -1) throw lastError('Cannot come back to the own network namespace')
}

function enter(path: string): void {
  let cause: unknown
  try {
    const there = openSync(path, 'r')
    const outcome = setns(there, CLONE_NEWNET)
    cause = outcome === -1 ? lastError('setns') : undefined
    closeSync(there)
    if (outcome !== -1) return
  } catch (error) {
    cause = error
  }
  const code = cause instanceof SystemError ? cause.code : (cause as NodeJS.ErrnoException).code
  // setns(2): the file leads to another kind of namespace, or is no namespace's at all.
  if (code === 'EINVAL') throw new UserError(`${path} is not a network namespace`, { hint: HINT, cause })
  const isRefused = code === 'EPERM' || code === 'EACCES'
  throw new UserError(`Cannot enter the network namespace ${path}: ${code}`, {
    ...(isRefused && { hint: 'run with sudo (CAP_SYS_ADMIN)' }),
    exitCode: isRefused ? EXIT.privilege : EXIT.input,
    cause,
  })
}
