import { Assembler, R0, R1, R2, R3, R4, R7, R9, STACK, type Width } from './assembler.ts'
import { LOG } from './change-log.ts'
import { COMMON_LENGTH, type KernelLayout } from './layout.ts'
import { KIND, NAME_LENGTH, OTHER_THREAD, RECORD, RECORD_LENGTH, WAKE_LENGTH } from './ring-record.ts'
import type { Transitions } from './transitions.ts'

// Helpers by their numbers in include/uapi/linux/bpf.h.
const KTIME_GET_NS = 5
const GET_CURRENT_PID_TGID = 14
const GET_CURRENT_COMM = 16
const PROBE_READ_KERNEL = 113
const GET_NS_CURRENT_PID_TGID = 120
const SKC_TO_TCP_SOCK = 137
const RINGBUF_RESERVE = 131
const RINGBUF_SUBMIT = 132
const RINGBUF_QUERY = 134
const AVAILABLE = 0
const NO_WAKEUP = 1
const FORCE_WAKEUP = 2

/** TCP_NEW_SYN_RECV, the last of the states that are told. */
const MOST_STATE = 12

/** A place on the stack for what was read last. */
export const SCRATCH = -8
/** Number and kind of the entry of the log that is being written. */
const ENTRY = -16

/** What programs are tied to: the maps that they write to, and how this kernel is laid out. */
export interface ProgramTarget {
  readonly layout: KernelLayout
  /** Descriptors of the ring and of the counter of records that found no room. */
  readonly ring: number
  readonly lost: number
  /** Bytes. */
  readonly ringLength: number
  /** Descriptor of the log for changes of state that nobody needs to be told of; absent where all go to the ring. */
  readonly log?: number
  /** The pid namespace whose numbers are wanted; absent for the machine's own. */
  readonly pidNamespace?: { readonly device: number; readonly inode: number }
}

/**
 * A program in the making, with the fragments that all of them share. Conventions: R6 is the context, R7 a socket,
 * R8 whatever else the program holds, R9 the record once it is reserved. `out` is where a program ends early.
 */
export class Program extends Assembler {
  readonly #target: ProgramTarget
  #callers = 0

  constructor(target: ProgramTarget) {
    super()
    this.#target = target
  }

  get layout(): KernelLayout {
    return this.#target.layout
  }

  /** Copies kernel memory at `from + fromOffset`; what cannot be read is zeros, and R0 is not 0. */
  read(to: number, offset: number, length: number, from: number, fromOffset: number): this {
    // `from` may be any register but R1, R2.
    return this.move(R3, from)
      .apply('+', R3, fromOffset)
      .move(R1, to)
      .apply('+', R1, offset)
      .set(R2, length)
      .call(PROBE_READ_KERNEL)
  }

  /** Reads a number of kernel memory into a register, by way of the stack. */
  readNumber(width: Width, to: number, from: number, fromOffset: number): this {
    return this.read(STACK, SCRATCH, width, from, fromOffset).load(width, to, STACK, SCRATCH)
  }

  /** R9 becomes a record with its kind and time, all else zeros. The payload is to be filled. */
  reserve(kind: number): this {
    this.reserveBare(kind, RECORD_LENGTH)
    for (let offset = RECORD.socket; offset < RECORD.payload; offset += 8) this.storeNumber(8, R9, offset, 0)
    return this.storeNumber(4, R9, RECORD.pid, 0)
  }

  /** The same of `length` bytes, all else to be filled. */
  reserveBare(kind: number, length: number): this {
    this.map(R1, this.#target.ring).set(R2, length).set(R3, 0).call(RINGBUF_RESERVE)
    this.jumpIf(R0, '==', 0, 'lost').move(R9, R0)
    return this.storeNumber(4, R9, RECORD.kind, kind).call(KTIME_GET_NS).store(8, R9, RECORD.time, R0)
  }

  /**
   * R9 becomes the log's next entry with its time, all else to be filled. The time comes before the number: so whatever has
   * a lower number than an entry is older than what follows from that, also when this is interrupted in between.
   */
  reserveEntry(log: number, kind: number): this {
    this.call(KTIME_GET_NS).set(R2, 1).mapValue(R1, log).atomicFetchAdd(R1, LOG.count, R2)
    this.move(R1, R2).apply('<<', R1, 8).apply('+', R1, kind).store(8, STACK, ENTRY, R1)
    this.apply('&', R2, LOG.capacity - 1).apply('<<', R2, LOG.shift)
    this.mapValue(R9, log).applyRegister('+', R9, R2).apply('+', R9, LOG.entries)
    return this.store(8, R9, RECORD.time, R0)
  }

  /** The entry is whole. The reader is woken now and then, and the program ends. */
  keepEntry(): this {
    this.load(8, R1, STACK, ENTRY).atomicExchange(R9, RECORD.kind, R1)
    this.load(8, R1, STACK, ENTRY).jumpIf(R1, '&', (LOG.wake - 1) << 8, 'out')
    return this.reserveBare(KIND.wake, WAKE_LENGTH).finish('now').jump('out')
  }

  /** Ends the program unless the socket in R7 is of one of these protocols; the number is left in the scratch. */
  onlyProtocols(...protocols: readonly number[]): this {
    this.readNumber(2, R1, R7, this.layout.socketProtocol)
    for (const protocol of protocols) this.jumpIf(R1, '==', protocol, 'wanted')
    return this.jump('out').label('wanted')
  }

  /** The record's socket, its ends and namespace, from R7: a full socket. */
  socket(): this {
    const { layout } = this
    this.store(8, R9, RECORD.socket, R7)
    this.read(R9, RECORD.protocol, 2, R7, layout.socketProtocol)
    this.read(R9, RECORD.port, 2, R7, layout.sourcePort)
    this.read(R9, RECORD.payload, COMMON_LENGTH, R7, 0)
    return this.load(8, R4, R9, RECORD.payload + layout.common.net).netns(R4)
  }

  /** R0 becomes the TCP socket in R7, as which it is known to have the port behind the part that all sockets share. */
  asTcp(): this {
    return this.move(R1, R7).call(SKC_TO_TCP_SOCK)
  }

  /** Ends the program unless the change from the state in R1 to that in R2 is one of these. R3 is lost. */
  onlyTransitions(wanted: Transitions, otherwise = 'out'): this {
    const most = mostCommon(wanted)
    this.set(R3, most)
    for (let from = 1; from <= MOST_STATE; from++) {
      const mask = wanted.get(from) ?? 0
      if (mask === most) continue
      const label = `${otherwise}${from}`
      this.jumpIf(R1, '!=', from, label).set(R3, mask).label(label)
    }
    this.jumpIf(R2, '>', MOST_STATE, otherwise).applyRegister('>>', R3, R2).apply('&', R3, 1)
    return this.jumpIf(R3, '==', 0, otherwise)
  }

  /** The record's namespace from the `struct net` that a register points to. */
  netns(net: number): this {
    return this.read(R9, RECORD.netns, 4, net, this.layout.netInode)
  }

  /** The process that is running, which need not be the one that this is about; `pid`, `name`: where the record has it. */
  caller({ pid, name }: { readonly pid: number; readonly name: number } = RECORD): this {
    const { pidNamespace } = this.#target
    // Either way R0 is the thread and, above it, the process.
    if (pidNamespace === undefined) this.call(GET_CURRENT_PID_TGID)
    else {
      // Unsigned 32 bits; the answer is u32 pid, tgid, both 0 for a process outside.
      this.set(R2, pidNamespace.inode | 0)
        .apply('<<', R2, 32)
        .apply('>>', R2, 32)
        .set(R1, pidNamespace.device)
        .move(R3, STACK)
        .apply('+', R3, SCRATCH)
        .set(R4, 8)
        .call(GET_NS_CURRENT_PID_TGID)
        .load(8, R0, STACK, SCRATCH)
    }
    const first = `first thread ${++this.#callers}`
    this.move(R1, R0).apply('>>', R0, 32).applyRegister('^', R1, R0).apply('<<', R1, 32)
    this.jumpIf(R1, '==', 0, first)
      .apply('+', R0, OTHER_THREAD | 0)
      .label(first)
    this.store(4, R9, pid, R0)
    return this.move(R1, R9).apply('+', R1, name).set(R2, NAME_LENGTH).call(GET_CURRENT_COMM)
  }

  /**
   * Hands the record over and wakes the reader: at once, or for a frequent kind when a quarter is full. For that one
   * record of sixteen looks, as the bits of its time above 64 ns have it.
   */
  submit(wake: 'now' | 'quarter'): this {
    this.finish(wake).label('out').set(R0, 0).exit()
    return this.label('lost').mapValue(R1, this.#target.lost).set(R2, 1).atomicAdd(R1, 0, R2).jump('out')
  }

  /** The same, and the program goes on. */
  finish(wake: 'now' | 'quarter'): this {
    if (wake === 'now') this.set(R2, FORCE_WAKEUP)
    else {
      this.load(8, R1, R9, RECORD.time).set(R2, NO_WAKEUP).jumpIf(R1, '&', 0x3c0, 'quiet')
      this.map(R1, this.#target.ring).set(R2, AVAILABLE).call(RINGBUF_QUERY)
      this.set(R2, NO_WAKEUP).jumpIf(R0, '<', this.#target.ringLength / 4, 'quiet')
      this.set(R2, FORCE_WAKEUP).label('quiet')
    }
    return this.move(R1, R9).call(RINGBUF_SUBMIT)
  }
}

/** What the most states have, so that all others are what is compared with. */
function mostCommon(wanted: Transitions): number {
  const masks = Array.from({ length: MOST_STATE }, (_, index) => wanted.get(index + 1) ?? 0)
  const count = (mask: number): number => masks.filter((other) => other === mask).length
  return masks.reduce((most, mask) => (count(mask) > count(most) ? mask : most), 0)
}
