import type { TracedProcess } from '../../kernel/traced-process.ts'
import { type ProcessDetails, readProcess } from './procfs.ts'

/** What runs in a process between two calls of execve: read from /proc once, as early as possible. */
export interface ProcessImage extends TracedProcess {
  /** Absent when it was gone, or had become another program, before /proc was read. */
  readonly details?: ProcessDetails
}

/** Parent of every kernel thread; 1 is init. */
const KTHREADD = 2
const CAPACITY = 16_384

/** The processes that took part in connections, as they were when they did. */
export class ProcessImages {
  readonly #images = new Map<number, ProcessImage>()

  /**
   * The process `pid` now; `name` is what the kernel's records call it. `undefined` for a number that names no
   * process: 0 and -1 stand for one outside this pid namespace, or reaped.
   */
  of(pid: number, name: string | undefined): ProcessImage | undefined {
    if (pid === 0 || pid >= 0x7fffffff) return undefined
    const known = this.#images.get(pid)
    if (known !== undefined && (name === undefined || known.comm === name)) return known
    const details = readProcess(pid)
    // A socket of the kernel's own (NFS, an MPTCP subflow) has no owner.
    if (pid === KTHREADD || details?.ppid === KTHREADD) return undefined
    const same = details !== undefined && (name === undefined || name === details.comm)
    const image: ProcessImage = {
      pid,
      comm: name ?? details?.comm ?? null,
      netns: same ? (details.netns ?? null) : null,
      ...(same && { details }),
    }
    if (this.#images.size >= CAPACITY) this.#images.clear()
    this.#images.set(pid, image)
    return image
  }

  /** The process ended, began, or runs another program. */
  forget(pid: number): void {
    this.#images.delete(pid)
  }

  clear(): void {
    this.#images.clear()
  }
}
