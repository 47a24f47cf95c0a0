/**
 * Names of threads, kept by the kernel's own account: a start snapshot of /proc, then COMM, FORK and EXIT
 * records in order of time. So a process that lives a millisecond has its right name, and so has a fork
 * that never calls execve (it keeps the name of the thread that forked it).
 */
export class ProcessNames {
  readonly #names = new Map<number, string>()
  /** Times of exit of the processes that ended lately, oldest first. */
  readonly #exits = new Map<number, number>()

  /** From the snapshot: a name that a record gave meanwhile is newer and stays. */
  learn(tid: number, name: string): void {
    if (!this.#names.has(tid)) this.#names.set(tid, name)
  }

  comm(tid: number, name: string): void {
    this.#names.set(tid, name)
  }

  /** A new thread; of a new process when `tid` is its `pid`. */
  fork(pid: number, tid: number, parentTid: number): void {
    if (pid === tid) this.#exits.delete(pid)
    const name = this.#names.get(parentTid)
    if (name === undefined) this.#names.delete(tid)
    else this.#names.set(tid, name)
  }

  exit(pid: number, tid: number, time: number): void {
    this.#names.delete(tid)
    if (pid !== tid) return
    this.#exits.delete(pid)
    this.#exits.set(pid, time)
    if (this.#exits.size > MAX_EXITS)
      for (const oldest of this.#exits.keys()) return void this.#exits.delete(oldest)
  }

  /** Name of a process: that of its first thread, as /proc/PID/comm and ss have it. */
  of(pid: number): string | undefined {
    return this.#names.get(pid)
  }

  /** When the process ended; `undefined` while it lives, or when that is long ago. */
  exitOf(pid: number): number | undefined {
    return this.#exits.get(pid)
  }

  /** Forgets everything: records were lost, so any name may be stale. */
  clear(): void {
    this.#names.clear()
    this.#exits.clear()
  }
}

const MAX_EXITS = 16_384
