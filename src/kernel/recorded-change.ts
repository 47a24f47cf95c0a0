import type { CommonLayout } from './layout.ts'
import { NAME_LENGTH, netnsOf, RECORD } from './ring-record.ts'
import { StateChange } from './state-event.ts'

const AF_INET6 = 10
/** The 32 bits in front of the IPv4 address in ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
const MAPPED = 0xffff

/** A change of state as the BPF program wrote it down. */
export class RecordedChange extends StateChange {
  /** Nanoseconds, CLOCK_MONOTONIC. */
  time = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #common: CommonLayout
  #offset = 0

  constructor(memory: Uint8Array, common: CommonLayout) {
    super()
    this.#bytes = memory
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
    this.#common = common
  }

  /** Moves to the record at `offset`. */
  move(offset: number): void {
    const view = this.#view
    const common = this.#common
    const payload = offset + RECORD.payload
    this.#offset = offset
    this.time = wide(view, offset + RECORD.time, 0xffff_ffff)
    this.socket = wide(view, offset + RECORD.socket, 0xffff)
    this.netns = netnsOf(view.getUint32(offset + RECORD.netns, true))
    this.oldState = view.getUint32(offset + RECORD.state, true)
    this.newState = view.getUint32(offset + RECORD.value, true)
    this.localPort = view.getUint16(offset + RECORD.port)
    this.remotePort = view.getUint16(payload + common.remotePort)
    this.protocol = view.getUint16(offset + RECORD.protocol, true)
    const v6 = common.local6 >= 0 && view.getUint16(payload + common.family, true) === AF_INET6
    const mapped = v6 && (isMapped(view, payload + common.remote6) || isMapped(view, payload + common.local6))
    this.family = v6 && !mapped ? 6 : 4
    if (this.family === 6) {
      for (let word = 0; word < 4; word++) {
        this.local[word] = view.getUint32(payload + common.local6 + 4 * word)
        this.remote[word] = view.getUint32(payload + common.remote6 + 4 * word)
      }
    } else {
      this.local[0] = view.getUint32(payload + common.local)
      this.remote[0] = view.getUint32(payload + common.remote)
      // Not `fill`, which is a call out of compiled code for three words.
      for (let word = 1; word < 4; word++) this.local[word] = this.remote[word] = 0
    }
  }

  /** Of the process that was running: the caller's for connect() and listen(). */
  get pid(): number {
    return this.#view.getUint32(this.#offset + RECORD.pid, true)
  }

  /** Name of the thread that was running, byte for byte. Borrowed. */
  get comm(): Uint8Array {
    const at = this.#offset + RECORD.name
    const bytes = this.#bytes.subarray(at, at + NAME_LENGTH)
    const end = bytes.indexOf(0)
    return end < 0 ? bytes : bytes.subarray(0, end)
  }
}

function wide(view: DataView, at: number, upper: number): number {
  return view.getUint32(at, true) + (view.getUint32(at + 4, true) & upper) * 0x1_0000_0000
}

function isMapped(view: DataView, at: number): boolean {
  return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 && view.getUint32(at + 8) === MAPPED
}
