import { readFileSync, statSync } from 'node:fs'
import { type EventFormat, parseEventFormat } from '../../kernel/event-format.ts'
import * as libc from '../libc.ts'

/** Where tracefs is mounted; the second by debugfs, on older systems. */
const MOUNTED = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

const FSOPEN_CLOEXEC = 1
const FSCONFIG_CMD_CREATE = 6
const FSMOUNT_CLOEXEC = 1

/** The descriptions of tracepoints. Reads only: makes no tracing instance and switches nothing on. */
export class Tracefs {
  readonly #root: string
  readonly #fd: number

  /**
   * Where tracefs is not mounted (a fresh machine; under `ip netns exec`, which mounts a /sys of its own) a
   * mount is made that has no place in the tree: it ends with its descriptor. Throws `SystemError`.
   */
  constructor(mounted: readonly string[] = MOUNTED) {
    const place = mounted.find(isThere)
    this.#fd = place === undefined ? detachedMount() : -1
    this.#root = place ?? `/proc/self/fd/${this.#fd}`
  }

  /** `undefined` when this kernel has no such tracepoint. Throws when it may not be read. */
  format(group: string, event: string): EventFormat | undefined {
    try {
      return parseEventFormat(readFileSync(`${this.#root}/events/${group}/${event}/format`, 'utf8'))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  close(): void {
    if (this.#fd !== -1) libc.close(this.#fd)
  }
}

/** Not `existsSync`: access(2) leaves the capabilities of an ordinary user aside, stat(2) does not. */
function isThere(folder: string): boolean {
  try {
    return statSync(`${folder}/events`).isDirectory()
  } catch {
    return false
  }
}

/** fsopen(2), fsconfig(2), fsmount(2): Linux 5.2. */
function detachedMount(): number {
  const context = libc.fsopen(Buffer.from('tracefs\0'), FSOPEN_CLOEXEC)
  if (context === -1) throw libc.lastError('Cannot open tracefs')
  try {
    if (libc.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0) === -1)
      throw libc.lastError('Cannot open tracefs')
    const mount = libc.fsmount(context, FSMOUNT_CLOEXEC, 0)
    if (mount === -1) throw libc.lastError('Cannot open tracefs')
    return mount
  } finally {
    libc.close(context)
  }
}
