/** Ended processes that are remembered, for connections that are asked about afterwards; the oldest go first. */
const CAPACITY = 65_536
/** Parents that are gone through; deeper than any tree of processes is. */
const MOST_PARENTS = 1000

/** The parent of a living process as /proc has it; `undefined` when the process is gone. */
export type ParentOf = (pid: number) => number | undefined

/**
 * A process and all that it started, directly or not: from the kernel's FORK and EXIT records, so that no process is
 * too short-lived, and none is lost when its parent ends first. Where records are missing, /proc is asked; then a
 * process whose parents have ended is not found.
 */
export class ProcessTree {
  readonly #members = new Set<number>()
  readonly #ended = new Set<number>()
  readonly #parentOf: ParentOf
  /** The first process, until its own FORK was told: by a parent that is no member. */
  #planted: number | undefined
  /** Every FORK has been seen since the root was started. */
  #isWhole: boolean

  /** `recorded` when the kernel's records will be told. */
  constructor(recorded: boolean, parentOf: ParentOf) {
    this.#isWhole = recorded
    this.#parentOf = parentOf
  }

  /** The process that the tree grows from, before any record of it is told. */
  plant(pid: number): void {
    this.#members.add(pid)
    this.#planted = pid
  }

  /** A new process: a record with both thread groups. */
  fork(pid: number, parent: number): void {
    this.#ended.delete(pid)
    if (pid === this.#planted) {
      this.#planted = undefined
      return
    }
    // The number of a process that ended may be that of a stranger now.
    if (this.#members.has(parent)) this.#members.add(pid)
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
  }

  has(pid: number): boolean {
    if (this.#members.has(pid)) return true
    if (this.#isWhole) return false
    const path: number[] = []
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = this.#parentOf(at)) {
      if (this.#members.has(at)) {
        for (const found of path) this.#members.add(found)
        return true
      }
      path.push(at)
      if (path.length > MOST_PARENTS) return false
    }
    return false
  }
}
