import type { DiagRows } from '../../sockets/diag-rows.ts'
import * as libc from '../libc.ts'

// include/uapi/linux/{socket,netlink,sock_diag}.h
const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0x80000
const NETLINK_SOCK_DIAG = 4
const NLM_F_REQUEST = 0x1
const NLM_F_ACK = 0x4
const NLM_F_DUMP = 0x300
const NLM_F_DUMP_INTR = 0x10
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const SOCK_DIAG_BY_FAMILY = 20
/** The older request for TCP: both families in one dump. */
export const TCPDIAG_GETSOCK = 18
const SOCK_DESTROY = 21
const HEADER_LENGTH = 16
const EINTR = 4
const ENOENT = 2

/** The kernel fills at most 32 KiB per dump message. */
const RECEIVE_LENGTH = 1 << 16
/** A table that changed under the dump is read again this often, then taken as it is. */
const DUMP_ATTEMPTS = 4

/** One message of a dump: `view[offset, end)` is its body, without the netlink header; borrowed for the call. */
export type MessageParser<T> = (view: DataView, offset: number, end: number) => T | undefined

/**
 * A NETLINK_SOCK_DIAG socket of the calling thread's network namespace. Needs no privilege.
 * Every call throws `SystemError` with the kernel's errno: EINVAL or ENOENT mean that the kernel has no
 * such table (`inet_diag`, `unix_diag` not built or not loadable).
 */
export class SockDiag {
  readonly #fd: number
  readonly #bytes = new Uint8Array(RECEIVE_LENGTH)
  readonly #view = new DataView(this.#bytes.buffer)
  #sequence = 0
  /** The kernel has the request of the next dump. */
  #isAsked = false

  constructor() {
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
    if (this.#fd === -1) throw libc.lastError('Cannot open the socket tables (NETLINK_SOCK_DIAG)')
  }

  /**
   * Every row of one table. `interrupted` is true when the table changed under the reading in each attempt,
   * so that a row may be missing or there twice.
   */
  dump<T>(
    request: Uint8Array,
    parse: MessageParser<T>,
    type = SOCK_DIAG_BY_FAMILY,
  ): { rows: T[]; interrupted: boolean } {
    for (let attempt = 1; ; attempt++) {
      const rows: T[] = []
      this.#send(request, NLM_F_REQUEST | NLM_F_DUMP, type)
      const interrupted = this.#receive(true, parse, rows)
      if (!interrupted || attempt === DUMP_ATTEMPTS) return { rows, interrupted }
    }
  }

  /**
   * Sends the request of the next dump on another thread, for the same request to `dumpRows`. Where few sockets match,
   * the kernel goes through all of them before the call returns: 200 000 take 20 ms. A failure is left to `dumpRows`,
   * which then sends it itself.
   */
  async ask(request: Uint8Array, type = SOCK_DIAG_BY_FAMILY): Promise<void> {
    const message = this.#message(request, NLM_F_REQUEST | NLM_F_DUMP, type)
    this.#isAsked = await new Promise<boolean>((resolve) => {
      libc.sendAsync(this.#fd, message, message.length, 0, (_, sent) => resolve(sent === message.length))
    })
  }

  /** The same rows as the kernel wrote them, into `rows`: no object is made for a row. */
  dumpRows(request: Uint8Array, rows: DiagRows, type = SOCK_DIAG_BY_FAMILY): { interrupted: boolean } {
    for (let attempt = 1; ; attempt++) {
      rows.clear()
      if (!this.#isAsked) this.#send(request, NLM_F_REQUEST | NLM_F_DUMP, type)
      this.#isAsked = false
      const interrupted = this.#receiveRows(rows)
      if (!interrupted || attempt === DUMP_ATTEMPTS) return { interrupted }
    }
  }

  /** The one socket that `request` names by its addresses and ports, or `undefined`. */
  lookup<T>(request: Uint8Array, parse: MessageParser<T>): T | undefined {
    const rows: T[] = []
    this.#send(request, NLM_F_REQUEST)
    try {
      this.#receive(false, parse, rows)
    } catch (error) {
      if (error instanceof libc.SystemError && error.errno === ENOENT) return undefined
      throw error
    }
    return rows[0]
  }

  /** Closes the socket that `request` names (SOCK_DESTROY); throws the kernel's refusal. Needs CAP_NET_ADMIN. */
  destroy(request: Uint8Array): void {
    this.#send(request, NLM_F_REQUEST | NLM_F_ACK, SOCK_DESTROY)
    this.#receive(true, () => undefined, [])
  }

  close(): void {
    libc.close(this.#fd)
  }

  #send(body: Uint8Array, flags: number, type?: number): void {
    const message = this.#message(body, flags, type)
    if (libc.send(this.#fd, message, message.length, 0) === -1) throw libc.lastError('Cannot ask for sockets')
  }

  #message(body: Uint8Array, flags: number, type = SOCK_DIAG_BY_FAMILY): Uint8Array {
    const message = new Uint8Array(new ArrayBuffer(HEADER_LENGTH + body.length))
    const view = new DataView(message.buffer)
    this.#sequence = (this.#sequence + 1) >>> 0
    view.setUint32(0, message.length, true)
    view.setUint16(4, type, true)
    view.setUint16(6, flags, true)
    view.setUint32(8, this.#sequence, true)
    message.set(body, HEADER_LENGTH)
    return message
  }

  /** Reads until NLMSG_DONE (dump) or the first answer (lookup); true when the kernel flagged DUMP_INTR. */
  #receive<T>(dump: boolean, parse: MessageParser<T>, rows: T[]): boolean {
    const outcome = { interrupted: false, ended: false }
    while (!outcome.ended) {
      const length = this.#read(this.#bytes)
      this.#walk(this.#view, 0, length, outcome, (start, end) => {
        const row = parse(this.#view, start, end)
        if (row !== undefined) rows.push(row)
        outcome.ended ||= !dump
      })
    }
    return outcome.interrupted
  }

  #receiveRows(rows: DiagRows): boolean {
    const outcome = { interrupted: false, ended: false }
    const add = (start: number, end: number): void => rows.add(start, end)
    while (!outcome.ended) {
      const room = rows.room(RECEIVE_LENGTH)
      const length = this.#read(room)
      this.#walk(rows.last, room.byteOffset, room.byteOffset + length, outcome, add)
      rows.keep(room.byteOffset + length)
    }
    return outcome.interrupted
  }

  #read(into: Uint8Array): number {
    for (;;) {
      const length = libc.recv(this.#fd, into, RECEIVE_LENGTH, 0)
      if (length !== -1) return length
      if (libc.errno() !== EINTR) throw libc.lastError('Cannot read the socket tables')
    }
  }

  /** Goes over the netlink messages in `[from, to)`; throws the errno that ends a dump. */
  #walk(
    view: DataView,
    from: number,
    to: number,
    outcome: { interrupted: boolean; ended: boolean },
    each: (start: number, end: number) => void,
  ): void {
    for (let offset = from; offset + HEADER_LENGTH <= to && !outcome.ended; ) {
      const size = view.getUint32(offset, true)
      if (size < HEADER_LENGTH || offset + size > to) return
      // An answer to an earlier request, given up on after an error.
      if (view.getUint32(offset + 8, true) === this.#sequence) {
        const type = view.getUint16(offset + 4, true)
        if ((view.getUint16(offset + 6, true) & NLM_F_DUMP_INTR) !== 0) outcome.interrupted = true
        if (type === SOCK_DIAG_BY_FAMILY || type === TCPDIAG_GETSOCK)
          each(offset + HEADER_LENGTH, offset + size)
        // Both carry an errno: a table that is not there ends its dump at once, with -ENOENT in NLMSG_DONE.
        else if (type === NLMSG_DONE || type === NLMSG_ERROR) {
          outcome.ended = true
          const number = size >= HEADER_LENGTH + 4 ? -view.getInt32(offset + HEADER_LENGTH, true) : 0
          if (number > 0) throw new libc.SystemError('Cannot read the socket tables', number)
        }
      }
      offset += (size + 3) & ~3
    }
  }
}
