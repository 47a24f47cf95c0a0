import { fstatSync } from 'node:fs'
import { poll } from './libc.ts'

const POLLERR = 0x8
const POLLHUP = 0x10

/**
 * Whether whoever read our output has closed it. Asked while nothing is written: without it `| head -1` on a
 * quiet network would wait for the next line.
 */
export class ReaderWatch {
  /** `struct pollfd`: descriptor at 0, events at 4, revents at 6; errors are always reported. */
  readonly #descriptor = new DataView(new ArrayBuffer(8))
  readonly #watching: boolean

  constructor(fd: number) {
    const stat = fstatSync(fd)
    this.#watching = stat.isFIFO() || stat.isSocket()
    this.#descriptor.setInt32(0, fd, true)
  }

  isGone(): boolean {
    if (!this.#watching) return false
    poll(new Uint8Array(this.#descriptor.buffer), 1, 0)
    return (this.#descriptor.getInt16(6, true) & (POLLERR | POLLHUP)) !== 0
  }
}
