import {
  CHANGE,
  KIND,
  NAME_LENGTH,
  netnsOf,
  OTHER_THREAD,
  pidOf,
  RECORD,
  socketAt,
  timeAt,
} from './ring-record.ts'
import { StateChange } from './state-event.ts'

const TCP = 6
/** The 32 bits in front of the IPv4 address in ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
const MAPPED = 0xffff

/** A change of state as the BPF program wrote it down. */
export class RecordedChange extends StateChange {
  /** Nanoseconds, CLOCK_MONOTONIC. */
  time = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0
  #name = 0

  constructor(memory: Uint8Array) {
    super()
    this.protocol = TCP
    this.#bytes = memory
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  }

  /** Moves to the record at `offset`. */
  move(offset: number): void {
    const view = this.#view
    const remote = offset + CHANGE.remote
    this.#offset = offset
    this.time = timeAt(view, offset)
    this.socket = socketAt(view, offset)
    this.netns = netnsOf(view.getUint32(offset + RECORD.netns, true))
    this.oldState = view.getUint8(offset + CHANGE.from)
    this.newState = view.getUint8(offset + CHANGE.to)
    this.localPort = view.getUint16(offset + CHANGE.port)
    this.remotePort = view.getUint16(offset + CHANGE.remotePort)
    const form = view.getUint8(offset + RECORD.kind) === KIND.state6 ? 6 : 4
    const local = offset + CHANGE.local[form]
    this.#name = offset + CHANGE.name[form]
    this.family = form === 6 && !isMapped(view, remote) && !isMapped(view, local) ? 6 : 4
    if (this.family === 6) {
      for (let word = 0; word < 4; word++) {
        this.local[word] = view.getUint32(local + 4 * word)
        this.remote[word] = view.getUint32(remote + 4 * word)
      }
    } else {
      // Of an IPv6 socket's address the last word, also when it is unset.
      const last = form === 6 ? 12 : 0
      this.local[0] = view.getUint32(local + last)
      this.remote[0] = view.getUint32(remote + last)
      // Not `fill`, which is a call out of compiled code for three words.
      for (let word = 1; word < 4; word++) this.local[word] = this.remote[word] = 0
    }
  }

  /** Of the process that made the change, as connect() and listen() do; 0 for any other. */
  get pid(): number {
    return pidOf(this.#view.getUint32(this.#offset + CHANGE.pid, true))
  }

  /** `comm` is what the process itself is called: its first thread made the change. */
  get isFirstThread(): boolean {
    return this.#view.getUint32(this.#offset + CHANGE.pid, true) < OTHER_THREAD
  }

  /** Whether `comm` is this name, of ASCII letters. */
  isNamed(name: string): boolean {
    const bytes = this.#bytes
    const { length } = name
    if (length >= NAME_LENGTH || bytes[this.#name + length] !== 0) return false
    for (let at = 0; at < length; at++) if (bytes[this.#name + at] !== name.charCodeAt(at)) return false
    return true
  }

  /** Name of the thread that made it, byte for byte: only where `pid` is not 0. Borrowed. */
  get comm(): Uint8Array {
    const bytes = this.#bytes.subarray(this.#name, this.#name + NAME_LENGTH)
    const end = bytes.indexOf(0)
    return end < 0 ? bytes : bytes.subarray(0, end)
  }
}

function isMapped(view: DataView, at: number): boolean {
  return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 && view.getUint32(at + 8) === MAPPED
}
