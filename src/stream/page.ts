/** Memory for out-of-order bytes comes in pages of this size. */
export const PAGE_BYTES = 4096
/** Free pages kept for the next hole; more are left to the garbage collector. */
const KEPT_PAGES = 256

/** Pages for every stream. What counts against memory limits is pages, not the bytes in them. */
export class PagePool {
  /** Pages in use. */
  used = 0
  private readonly free: Uint8Array[] = []

  take(): Uint8Array {
    this.used++
    return this.free.pop() ?? new Uint8Array(PAGE_BYTES)
  }

  give(page: Uint8Array): void {
    this.used--
    if (this.free.length < KEPT_PAGES) this.free.push(page)
  }
}

/**
 * The bytes of one direction beyond its first hole, each at the place in its page that its offset says. Which of
 * them are there is `interval.ts`.
 */
export class Pages {
  private readonly pool: PagePool
  /** By page number: offset / PAGE_BYTES. */
  private readonly pages = new Map<number, Uint8Array>()

  constructor(pool: PagePool) {
    this.pool = pool
  }

  /** Memory held, bytes. */
  get size(): number {
    return this.pages.size * PAGE_BYTES
  }

  /** The page that holds the byte at `offset`, which must have been written; its index there is `offset % PAGE_BYTES`. */
  at(offset: number): Uint8Array {
    return this.pages.get(Math.floor(offset / PAGE_BYTES))!
  }

  /** Copies `length` bytes of `bytes` from `from` on to `offset`. */
  write(offset: number, bytes: Uint8Array, from: number, length: number): void {
    for (let done = 0; done < length; ) {
      const number = Math.floor((offset + done) / PAGE_BYTES)
      let page = this.pages.get(number)
      if (page === undefined) {
        page = this.pool.take()
        this.pages.set(number, page)
      }
      const inPage = (offset + done) % PAGE_BYTES
      const size = Math.min(length - done, PAGE_BYTES - inPage)
      page.set(bytes.subarray(from + done, from + done + size), inPage)
      done += size
    }
  }

  /** Whether the bytes at `offset` are those of `bytes` from `from` on. All of them must have been written. */
  equals(offset: number, bytes: Uint8Array, from: number, length: number): boolean {
    for (let done = 0; done < length; ) {
      const page = this.at(offset + done)
      const inPage = (offset + done) % PAGE_BYTES
      const size = Math.min(length - done, PAGE_BYTES - inPage)
      for (let i = 0; i < size; i++) if (page[inPage + i] !== bytes[from + done + i]) return false
      done += size
    }
    return true
  }

  /** Gives back every page that ends at or before `offset`. */
  release(offset: number): void {
    const first = Math.floor(offset / PAGE_BYTES)
    for (const [number, page] of this.pages) {
      if (number >= first) continue
      this.pages.delete(number)
      this.pool.give(page)
    }
  }

  /** Gives back every page. */
  clear(): void {
    this.release(Number.POSITIVE_INFINITY)
  }
}
