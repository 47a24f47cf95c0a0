import { BUCKETS, bucketOf } from './bucket.ts'
import { type ChangeLog, LOG } from './change-log.ts'
import { CHANGE, socketAt } from './ring-record.ts'
import { CLOSE, ESTABLISHED, SYN_SENT } from './state-event.ts'

/** As many entries are looked through at once. */
const SPAN = LOG.capacity / 4

/**
 * Connections that began and ended well within one stretch of the log, and of which nobody wants to know any more: what
 * busy machines have most of. To find them takes a few ns for an entry, where to note it down and to join it to others
 * takes a µs.
 */
export class ShortLived {
  /** Number within the stretch of the connect() of the socket that is in a bucket, from 1; 0 without one. */
  readonly #dials = new Uint16Array(BUCKETS)
  /** By that number: its socket, and where its port became known. */
  readonly #sockets = new Float64Array(SPAN + 1)
  readonly #ports = new Uint16Array(SPAN + 1)
  readonly #passed = new Uint8Array(SPAN)
  /** Sockets whose connect() was given, and that have not closed since: their ends are given too. */
  readonly #open = new Set<number>()

  /** An entry is given outside of `pass`. */
  given({ view, offset }: ChangeLog): void {
    const to = view.getUint8(offset + CHANGE.to)
    if (to === SYN_SENT) this.#open.add(socketAt(view, offset))
    else if (to === CLOSE && this.#open.size > 0) this.#open.delete(socketAt(view, offset))
  }

  /** What is known of open sockets is not whole any more. */
  clear(): void {
    this.#open.clear()
  }

  /** Reads on to number `until`, at most a quarter of the log, and gives the entries of all other connections. */
  pass(log: ChangeLog, until: number, give: (offset: number, length: number) => void): void {
    const first = log.position
    const end = Math.min(until, first + SPAN)
    this.#dials.fill(0)
    this.#passed.fill(0)
    for (let number = first; number < end && log.lookAt(number); number++) this.#see(log, number - first)
    while (log.look(end)) {
      if (this.#passed[log.position++ - first] === 1) continue
      this.given(log)
      give(log.offset, log.length)
    }
  }

  #see({ view, offset }: ChangeLog, at: number): void {
    const from = view.getUint8(offset + CHANGE.from)
    const to = view.getUint8(offset + CHANGE.to)
    const isDial = from === CLOSE && to === SYN_SENT
    if (!isDial && to !== CLOSE && (from !== SYN_SENT || to !== ESTABLISHED)) return
    const socket = socketAt(view, offset)
    const bucket = bucketOf(socket)
    const dial = this.#dials[bucket]!
    if (isDial) {
      // Of two in one bucket the first is given.
      if (dial > 0) this.#open.add(this.#sockets[dial]!)
      this.#dials[bucket] = at + 1
      this.#sockets[at + 1] = socket
      this.#ports[at + 1] = 0
      return
    }
    const isKnown = dial > 0 && this.#sockets[dial] === socket
    if (to === ESTABLISHED) {
      if (isKnown) this.#ports[dial] = at + 1
    } else if (isKnown) {
      const port = this.#ports[dial]!
      if (port > 0) this.#passed[dial - 1] = this.#passed[port - 1] = this.#passed[at] = 1
      this.#dials[bucket] = 0
    } else if (!this.#open.has(socket)) this.#passed[at] = 1
  }
}
