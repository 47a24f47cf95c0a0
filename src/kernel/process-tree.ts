/**
 * Processes that are remembered: ended ones, for connections that are asked about afterwards, and those that /proc
 * told of. The oldest go first.
 */
const CAPACITY = 65_536
/** Parents that are gone through; deeper than any tree of processes is. */
const MOST_PARENTS = 1000

/** A living process as /proc has it; `undefined` when it is gone. `start` tells two with one number apart. */
export type OriginOf = (pid: number) => { readonly parent: number; readonly start: number } | undefined

/**
 * A process and all that it started, directly or not: from the kernel's FORK and EXIT records, so that no process is
 * too short-lived, and none is lost when its parent ends first. Where records are missing, /proc is asked; then a
 * process whose parents have ended is not found.
 */
export class ProcessTree {
  /** With their start where /proc told it. */
  readonly #members = new Map<number, number | undefined>()
  readonly #ended = new Set<number>()
  readonly #originOf: OriginOf
  #root: number | undefined
  /** The root's own FORK was told: by a parent that is no member. */
  #isRooted = false
  /** Every FORK has been seen since the root was started. */
  #isWhole: boolean

  /** `recorded` when the kernel's records will be told. */
  constructor(recorded: boolean, originOf: OriginOf) {
    this.#isWhole = recorded
    this.#originOf = originOf
  }

  /** The process that the tree grows from, before any record of it is told. */
  plant(pid: number): void {
    this.#root = pid
    this.#members.set(pid, this.#isWhole ? undefined : this.#originOf(pid)?.start)
  }

  /** A new process: a record with both thread groups. */
  fork(pid: number, parent: number): void {
    this.#ended.delete(pid)
    if (pid === this.#root && !this.#isRooted) {
      this.#isRooted = true
      return
    }
    // The number of a process that ended may be that of a stranger now.
    if (this.#members.has(parent)) this.#members.set(pid, undefined)
    else this.#members.delete(pid)
  }

  /** A process ended; what it had done is still its own. */
  exit(pid: number): void {
    if (!this.#members.has(pid)) return
    this.#ended.add(pid)
    if (this.#ended.size <= CAPACITY) return
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest)
      this.#members.delete(oldest)
      return
    }
  }

  /** Records are missing from now on, or some were lost. */
  lost(): void {
    this.#isWhole = false
    for (const [pid, start] of this.#members)
      if (start === undefined && !this.#ended.has(pid)) this.#members.set(pid, this.#originOf(pid)?.start)
  }

  has(pid: number): boolean {
    if (this.#isWhole) return this.#members.has(pid)
    const path: [pid: number, start: number | undefined][] = []
    for (let at = pid; at > 1 && path.length <= MOST_PARENTS; ) {
      const origin = this.#originOf(at)
      if (this.#isMember(at, origin?.start)) {
        for (const [found, start] of path) this.#remember(found, start)
        return true
      }
      if (origin === undefined) return false
      path.push([at, origin.start])
      at = origin.parent
    }
    return false
  }

  /** `start` is that of the process which has this number now, if one has. */
  #isMember(pid: number, start: number | undefined): boolean {
    if (!this.#members.has(pid)) return false
    if (start === undefined) return true
    const known = this.#members.get(pid)
    // Told by a record, and nothing is known against it.
    if (known === start || (known === undefined && !this.#ended.has(pid))) return true
    this.#members.delete(pid)
    this.#ended.delete(pid)
    return false
  }

  #remember(pid: number, start: number | undefined): void {
    this.#members.set(pid, start)
    if (this.#members.size <= CAPACITY) return
    for (const oldest of this.#members.keys())
      if (oldest !== this.#root) {
        this.#members.delete(oldest)
        this.#ended.delete(oldest)
        return
      }
  }
}
