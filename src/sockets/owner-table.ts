const NONE = 0xffffffff
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
const MULTIPLIER = 0x9e3779b1

/**
 * Which descriptors refer to which socket, in columns: 200 000 owners are 8 MB here and 60 MB as objects in a Map.
 * `first(inode)` and `next(owner)` walk the owners of a socket in the order in which they were added.
 */
export class OwnerTable {
  count = 0
  #pids = new Uint32Array(1024)
  #fds = new Uint32Array(1024)
  #inodes = new Uint32Array(1024)
  #next = new Uint32Array(1024)
  /** Open addressing: slot → first owner of an inode; at most half full. */
  #slots = new Uint32Array(4096).fill(NONE)
  #last = new Uint32Array(4096)

  add(inode: number, pid: number, fd: number): void {
    if (this.count === this.#pids.length) this.#grow()
    const owner = this.count++
    this.#inodes[owner] = inode
    this.#pids[owner] = pid
    this.#fds[owner] = fd
    this.#link(owner)
  }

  /** The first owner of a socket, or -1. */
  first(inode: number): number {
    const owner = this.#slots[this.#slotOf(inode)]!
    return owner === NONE ? -1 : owner
  }

  /** The next owner of the same socket, or -1. */
  next(owner: number): number {
    const next = this.#next[owner]!
    return next === NONE ? -1 : next
  }

  pid(owner: number): number {
    return this.#pids[owner]!
  }

  fd(owner: number): number {
    return this.#fds[owner]!
  }

  #slotOf(inode: number): number {
    const mask = this.#slots.length - 1
    let slot = (Math.imul(inode, MULTIPLIER) >>> 12) & mask
    for (;;) {
      const owner = this.#slots[slot]!
      if (owner === NONE || this.#inodes[owner] === inode) return slot
      slot = (slot + 1) & mask
    }
  }

  #link(owner: number): void {
    const slot = this.#slotOf(this.#inodes[owner]!)
    this.#next[owner] = NONE
    if (this.#slots[slot] === NONE) this.#slots[slot] = owner
    else this.#next[this.#last[slot]!] = owner
    this.#last[slot] = owner
  }

  #grow(): void {
    const length = 2 * this.#pids.length
    this.#pids = grown(this.#pids, length)
    this.#fds = grown(this.#fds, length)
    this.#inodes = grown(this.#inodes, length)
    this.#next = grown(this.#next, length)
    this.#slots = new Uint32Array(4 * length).fill(NONE)
    this.#last = new Uint32Array(4 * length)
    for (let owner = 0; owner < this.count; owner++) this.#link(owner)
  }
}

function grown(from: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(length)
  to.set(from)
  return to
}
