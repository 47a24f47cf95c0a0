import { AF_INET } from './diag-request.ts'
import type { DiagRows } from './diag-rows.ts'

// struct inet_diag_msg (linux/inet_diag.h): ports and addresses in network order, the rest little-endian.
const STATE = 1
const TIMER = 2
const RETRANSMISSIONS = 3
const SOURCE_PORT = 4
const DESTINATION_PORT = 6
const SOURCE = 8
const DESTINATION = 24
const INTERFACE = 40
const COOKIE = 44
const RECEIVE = 56
const SEND = 60
const INODE = 68
const LENGTH = 72

/** One row of an inet dump, borrowed: `at` moves it to the next. Addresses are read by `word`. */
export class InetRow {
  #view: DataView = new DataView(new ArrayBuffer(LENGTH))
  #offset = 0

  /** False when the message is shorter than its fixed part. */
  at(rows: DiagRows, row: number): boolean {
    this.#view = rows.view(row)
    this.#offset = rows.start(row)
    return this.#offset + LENGTH <= rows.end(row)
  }

  get ipv4(): boolean {
    return this.#view.getUint8(this.#offset) === AF_INET
  }

  /** A state of include/net/tcp_states.h. */
  get state(): number {
    return this.#view.getUint8(this.#offset + STATE)
  }

  /** A number of `idiag_timer`: 1 is retransmission. */
  get timer(): number {
    return this.#view.getUint8(this.#offset + TIMER)
  }

  /** Of the segment that the timer waits for. */
  get retransmissions(): number {
    return this.#view.getUint8(this.#offset + RETRANSMISSIONS)
  }

  /** Exact up to 2^53: the kernel counts cookies up from 1. */
  get cookie(): number {
    const low = this.#view.getUint32(this.#offset + COOKIE, true)
    return this.#view.getUint32(this.#offset + COOKIE + 4, true) * 2 ** 32 + low
  }

  get sourcePort(): number {
    return this.#view.getUint16(this.#offset + SOURCE_PORT)
  }

  get destinationPort(): number {
    return this.#view.getUint16(this.#offset + DESTINATION_PORT)
  }

  /** Word 0 to 3 of the source address; IPv4 in word 0. */
  sourceWord(word: number): number {
    return this.#view.getUint32(this.#offset + SOURCE + 4 * word)
  }

  destinationWord(word: number): number {
    return this.#view.getUint32(this.#offset + DESTINATION + 4 * word)
  }

  /** Index of the bound device, 0 for none. */
  get interface(): number {
    return this.#view.getUint32(this.#offset + INTERFACE, true)
  }

  get receiveQueue(): number {
    return this.#view.getUint32(this.#offset + RECEIVE, true)
  }

  get sendQueue(): number {
    return this.#view.getUint32(this.#offset + SEND, true)
  }

  get inode(): number {
    return this.#view.getUint32(this.#offset + INODE, true)
  }
}
