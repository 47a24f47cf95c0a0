import { LOG, LOG_LENGTH } from '../../src/kernel/change-log.ts'
import { CHANGE, KIND, RECORD } from '../../src/kernel/ring-record.ts'

export interface Entry {
  readonly socket: number
  readonly from: number
  readonly to: number
  readonly time?: number
}

/** Writes the log of changes as the program does. */
export class LogWriter {
  readonly memory = new Uint8Array(LOG_LENGTH)
  count = 0
  readonly #view = new DataView(this.memory.buffer)

  /** An entry that is whole; its time is its number unless given. */
  write(entry: Entry): void {
    this.finish(this.begin(entry))
  }

  /** Begins an entry; its number. */
  begin({ socket, from, to, time = this.count }: Entry): number {
    const view = this.#view
    const at = this.#offset(this.count)
    view.setBigUint64(at + RECORD.time, BigInt(time), true)
    view.setBigUint64(at + RECORD.socket, BigInt(socket), true)
    view.setUint8(at + CHANGE.from, from)
    view.setUint8(at + CHANGE.to, to)
    view.setBigUint64(LOG.count, BigInt(this.count + 1), true)
    return this.count++
  }

  finish(number: number): void {
    this.#view.setUint32(this.#offset(number) + RECORD.kind, ((number << 8) | KIND.state) >>> 0, true)
  }

  /** So many more of the same. */
  repeat(entry: Entry, times: number): void {
    for (let i = 0; i < times; i++) this.write(entry)
  }

  /** Number of the entry at an offset, of the latest round. */
  numberAt(offset: number): number {
    return this.#view.getUint32(offset + RECORD.time, true)
  }

  #offset(number: number): number {
    return LOG.entries + ((number % LOG.capacity) << LOG.shift)
  }
}
