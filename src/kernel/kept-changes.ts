import { ChangeLog, LOG } from './change-log.ts'
import { ShortLived } from './short-lived.ts'

/** So many changes a ms are always looked at as they come: those of a thousand connections a second. */
const AS_THEY_COME = 4

interface KeptOptions {
  /** Takes the entry of `length` bytes at `offset`. */
  readonly give: (offset: number, length: number) => void
  /** Whether somebody has asked for the connection, or the caller, of the entry at `offset`. */
  readonly wants: (offset: number) => boolean
}

/**
 * Reads the log of changes beside the ring, in order of time: before a record of the ring all that happened before it.
 * Where nobody asks for them and nothing is told, changes that come fast are left where they are until somebody does; of
 * those that are about to be overwritten only what is not over is read then.
 */
export class KeptChanges {
  readonly log: ChangeLog
  /** Entries that were overwritten before they were read. */
  lost = 0
  readonly #give: (offset: number, length: number) => void
  readonly #tell = (offset: number, length: number): void => {
    this.#isGiving = true
    try {
      this.#give(offset, length)
    } finally {
      this.#isGiving = false
    }
  }

  readonly #wants: (offset: number) => boolean
  readonly #shortLived = new ShortLived()
  /** What was begun before the ring was looked at last: nothing in the ring that is not read yet happened before it. */
  #settled = 0
  #until = 0
  #readAt = 0
  /** Up to here it is known that nobody asked before they came. */
  #looked = 0
  #isReading = false
  #isGiving = false
  /** Time of the ring's present record. */
  #reached = Number.NEGATIVE_INFINITY

  constructor(memory: Uint8Array, { give, wants }: KeptOptions) {
    this.log = new ChangeLog(memory)
    this.#give = give
    this.#wants = wants
  }

  /** Log and ring are read by `action`. */
  read(action: () => void): void {
    this.#isReading = true
    this.#reached = Number.NEGATIVE_INFINITY
    try {
      action()
    } finally {
      this.#isReading = false
    }
  }

  /** Call it before the ring is looked at. */
  before(): void {
    this.#passLost()
    this.#settled = this.log.count
  }

  /** Call it once it is known how much the ring holds. */
  after(): void {
    this.#until = this.log.count
  }

  /** A record of the ring is about to be told: whoever asks then gets what happened up to it. */
  reach(time: number): void {
    this.#reached = time
  }

  /** Gives what happened up to a record of the ring; false when that is still being written. */
  upTo(time: number): boolean {
    const { log } = this
    while (log.position < this.#until) {
      if (!log.look(this.#until)) {
        // What comes later in the log comes after what is left in the ring.
        this.#settled = Math.min(this.#settled, log.position)
        return false
      }
      if (log.time > time) return true
      this.#next()
    }
    return true
  }

  /** All of the ring was read, at `now` (ms, of any clock). */
  end(now: number): void {
    const unread = this.#settled - this.log.position
    if (unread <= AS_THEY_COME * (now - this.#readAt) || this.#isAsked()) {
      this.#readAt = now
      this.#readAll()
    } else if (unread > 0.75 * LOG.capacity)
      this.#shortLived.pass(this.log, this.#settled - LOG.capacity / 2, this.#tell)
  }

  /**
   * Gives what can be given in order: while the ring is read all that happened before the present record, else all that
   * was there when it was read last. Who is given a change has to do with what came before it.
   */
  settle(): void {
    if (this.#isGiving) return
    if (this.#isReading) {
      this.upTo(this.#reached)
      // What is not read yet may have been looked at before it was asked for.
      this.#looked = this.log.position
    } else {
      this.#passLost()
      this.#readAll()
    }
  }

  #passLost(): void {
    const lost = this.log.passOverrun()
    if (lost > 0) this.#shortLived.clear()
    this.lost += lost
  }

  /** Whether somebody has asked for one of those that came since the last time. */
  #isAsked(): boolean {
    const { log } = this
    for (; this.#looked < this.#settled && log.lookAt(this.#looked); this.#looked++)
      if (this.#wants(log.offset)) return true
    return false
  }

  #readAll(): void {
    while (this.log.look(this.#settled)) this.#next()
  }

  #next(): void {
    const { log } = this
    this.#looked = Math.max(this.#looked, ++log.position)
    this.#shortLived.given(log)
    this.#tell(log.offset, log.length)
  }
}
