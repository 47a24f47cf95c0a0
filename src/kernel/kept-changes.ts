import { ChangeLog, LOG } from './change-log.ts'
import { ShortLived } from './short-lived.ts'

/** So many changes a ms are always looked at as they come: those of a thousand connections a second. */
const AS_THEY_COME = 4

/**
 * Reads the log of changes beside the ring, in order of time: before a record of the ring all that happened before it.
 * Where nobody asks and nothing is told, changes that come fast are left where they are until somebody does; of those that
 * are about to be overwritten only what is not over is read then.
 */
export class KeptChanges {
  readonly log: ChangeLog
  /** Entries that were overwritten before they were read. */
  lost = 0
  readonly #give: (offset: number, length: number) => void
  readonly #isLazy: boolean
  readonly #shortLived = new ShortLived()
  /** What was begun before the ring was looked at last: nothing in the ring that is not read yet happened before it. */
  #settled = 0
  #until = 0
  #readAt = 0
  #isReading = false

  /** `give` takes an entry of `length` bytes at `offset`. */
  constructor(memory: Uint8Array, isLazy: boolean, give: (offset: number, length: number) => void) {
    this.log = new ChangeLog(memory)
    this.#isLazy = isLazy
    this.#give = give
  }

  /** Reads log and ring; what is asked meanwhile is answered from what was read. */
  read(action: () => void): void {
    this.#isReading = true
    try {
      action()
    } finally {
      this.#isReading = false
    }
  }

  /** Call it before the ring is looked at. */
  before(): void {
    const lost = this.log.passOverrun()
    if (lost > 0) this.#shortLived.clear()
    this.lost += lost
    this.#settled = this.log.count
  }

  /** Call it once it is known how much the ring holds. */
  after(): void {
    this.#until = this.log.count
  }

  /** Gives what happened up to a record of the ring; false when that is still being written. */
  upTo(time: number): boolean {
    const { log } = this
    while (log.position < this.#until) {
      if (!log.look(this.#until)) return false
      if (log.time > time) return true
      this.#next()
    }
    return true
  }

  /** All of the ring was read. `isAsked`: what is there is wanted; `now`: ms, of any clock. */
  end(isAsked: boolean, now: number): void {
    const unread = this.#settled - this.log.position
    if (!this.#isLazy || isAsked || unread <= AS_THEY_COME * (now - this.#readAt)) {
      this.#readAt = now
      this.#readAll()
    } else if (unread > 0.75 * LOG.capacity)
      this.#shortLived.pass(this.log, this.#settled - LOG.capacity / 2, this.#give)
  }

  /** Gives all that was there when the ring was read last. */
  settle(): void {
    if (!this.#isReading && this.log.position < this.#settled) this.read(() => this.#readAll())
  }

  #readAll(): void {
    while (this.log.look(this.#settled)) this.#next()
  }

  #next(): void {
    const { log } = this
    log.position++
    if (this.#isLazy) this.#shortLived.given(log)
    this.#give(log.offset, log.length)
  }
}
