import { closeSync, openSync, promises, readdirSync, statSync } from 'node:fs'
import { EXIT, UserError } from '../user-error.ts'
import { lastError, SystemError, setns } from './libc.ts'

const CLONE_NEWNET = 0x4000_0000
const NAMED = '/run/netns'
const HINT = 'give a name of `ip netns list`, a path, or a pid'

/** Inode of the calling thread's network namespace (`setns` moves one thread only); `null` without /proc. */
export function currentNetns(): number | null {
  return processNetns('thread-self') ?? null
}

/** Inode of a process's network namespace; `undefined` when it is gone or may not be looked into. */
export function processNetns(pid: number | 'thread-self', root = '/proc'): number | undefined {
  return inodeOf(`${root}/${pid}/ns/net`)
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

/**
 * Moves this process into the namespace that `--netns NAME|PATH|PID` means, for good: what it opens and starts from now
 * on is there, and /proc/thread-self too. Call it before anything is opened. libuv's threads stay behind: getaddrinfo()
 * goes on asking from outside. Throws `UserError` when it is not there or may not be entered.
 */
export async function enterNetns(wanted: string): Promise<void> {
  if (wanted === 'all')
    throw new UserError('Cannot be in all network namespaces at once', {
      hint: '`socktrace list --netns all` shows the sockets of all; name one of them here',
    })
  const [{ path, inode }] = findNetns(wanted) as [NetworkNamespace]
  // Whether libuv has its threads by now would be chance: any work makes all of them.
  await promises.realpath('/')
  if (inode !== currentNetns()) enter(path)
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
