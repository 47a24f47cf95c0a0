import { readFileSync, statSync } from 'node:fs'
import { Btf } from '../../kernel/btf.ts'
import type { ChangeMemory } from '../../kernel/change-log.ts'
import { dropProgram } from '../../kernel/drop-program.ts'
import type { KernelFact } from '../../kernel/fact.ts'
import { FactReader, type KernelNames } from '../../kernel/fact-reader.ts'
import { KeptChanges } from '../../kernel/kept-changes.ts'
import { type KernelLayout, readLayout } from '../../kernel/layout.ts'
import type { ProgramTarget } from '../../kernel/program.ts'
import { dropFilter, reasonNames } from '../../kernel/reason.ts'
import { RecordedChange } from '../../kernel/recorded-change.ts'
import { RingCursor } from '../../kernel/ring-cursor.ts'
import { followsChanges, isChange, RECORD, timeAt, WAKE_LENGTH } from '../../kernel/ring-record.ts'
import * as programs from '../../kernel/socket-program.ts'
import { StateLog } from '../../kernel/state-log.ts'
import * as libc from '../libc.ts'
import { isRefused, tracepointHint } from '../mend.ts'
import { attachCalls } from './attach-calls.ts'
import { attachStates } from './attach-states.ts'
import { attachTracepoint, type BpfCounter, type BpfRing, createCounter, createRing } from './bpf.ts'
import type { KernelPlane, PlaneRequest, Watched } from './kernel-plane.ts'
import { SymbolFile } from './kernel-symbols.ts'
import type { DescriptorSet } from './tracepoints.ts'

const BTF = '/sys/kernel/btf/vmlinux'
const PID_NAMESPACE = '/proc/self/ns/pid'
/** Inode of the machine's own pid namespace (PROC_PID_INIT_INO). */
const INITIAL_PID_NAMESPACE = 0xefff_fffc
/** 160 000 changes of state, all those of sixteen thousand connections: 0.6 s of a busy machine that does not let us read. */
const RING_MIB = 8
const BYTES_PER_MIB = 1024 * 1024

/** Where records of changes come from, and who reads them there. */
interface Source extends ChangeMemory {
  readonly reader: FactReader
  readonly change: RecordedChange
}

/**
 * Facts from BPF programs on the kernel's tracepoints, with namespaces, names and the dropped packets themselves.
 * Nothing is pinned: when the process ends, however it ends, its programs are gone.
 */
export class BpfPlane implements KernelPlane {
  readonly watched: Watched
  readonly showsStates = true
  readonly degraded: string[] = []
  mend: string | undefined
  lost = 0
  readonly #descriptors: number[] = []
  readonly #ring: BpfRing
  readonly #counter: BpfCounter
  readonly #cursor: RingCursor
  readonly #records: Source
  /** Changes that are not in the ring, and those that nobody has asked for yet. */
  readonly #kept: KeptChanges | undefined
  readonly #log: StateLog | undefined
  #give: (fact: KernelFact) => void = () => {}
  #see: ((change: RecordedChange) => void) | undefined
  readonly #symbols: SymbolFile
  readonly #waiter: DescriptorSet | undefined
  #closed = false

  /** Throws `SystemError`, or `RangeError` where this kernel does not have what it takes; nothing stays open then. */
  constructor({ transitions, drops, onDemand, isLazy = false, waiter, ringMib = RING_MIB }: PlaneRequest) {
    const btf = new Btf(readFileSync(BTF))
    const layout = readLayout(btf)
    const dropReasons = reasonNames(btf.enumerators('skb_drop_reason') ?? new Map())
    // Until Linux 5.17 there are none.
    if (dropReasons.size === 0) dropReasons.set(0, 'NOT_SPECIFIED')
    const resetReasons = reasonNames(btf.enumerators('sk_rst_reason') ?? new Map())
    this.#symbols = new SymbolFile()
    let kept: Uint8Array | undefined
    try {
      this.#ring = createRing(ringMib * BYTES_PER_MIB)
      this.#descriptors.push(this.#ring.fd)
      this.#counter = createCounter()
      this.#descriptors.push(this.#counter.fd)
      const target = targetOf(layout, this.#ring, this.#counter)
      const states = attachStates(btf, target, transitions, onDemand && isLazy)
      this.#descriptors.push(...states.descriptors)
      kept = states.log
      this.watched = this.#attach(btf, target, drops ? dropReasons : undefined)
    } catch (error) {
      this.#free()
      throw error
    }
    this.#cursor = new RingCursor(this.#ring.data)
    const names: KernelNames = {
      dropReasons,
      resetReasons,
      error: libc.errnoName,
      location: (address) => this.#symbols.find(address),
      text: (bytes) => Buffer.from(bytes).toString('utf8'),
    }
    const sourceOf = (bytes: Uint8Array): Source => ({
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
      reader: new FactReader(bytes, layout.common, names),
      change: new RecordedChange(bytes),
    })
    this.#records = sourceOf(this.#ring.data)
    this.#log = onDemand ? new StateLog(layout.common, names) : undefined
    if (kept !== undefined) {
      const source = sourceOf(kept)
      this.#kept = new KeptChanges(kept, {
        give: (offset, length) => this.#state(source, offset, length),
        wants: (offset) => this.#log?.wants(source.view, offset) === true,
      })
    }
    this.#waiter = waiter
    waiter?.add(this.#ring.fd)
  }

  drain(give: (fact: KernelFact) => void, see?: (change: RecordedChange) => void): void {
    if (this.#closed) return
    this.#give = give
    this.#see = see
    if (this.#kept === undefined) this.#drain()
    else this.#kept.read(() => this.#drain())
    this.#countLost()
  }

  catchUp(): void {
    if (this.#closed) return
    this.#kept?.settle()
    this.#countLost()
  }

  recall(a: number, b: number, give: (fact: KernelFact) => void): void {
    this.catchUp()
    this.#log?.recall(a, b, give)
  }

  recallDials(pid: number, port: number, give: (fact: KernelFact) => void): void {
    this.catchUp()
    this.#log?.recallDials(pid, port, give)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiter?.remove(this.#ring.fd)
    this.#free()
  }

  #countLost(): void {
    const lost = Number(Atomics.load(this.#counter.value, 0)) + (this.#kept?.lost ?? 0)
    if (lost > this.lost) this.#log?.clear()
    this.lost = lost
  }

  #drain(): void {
    const { consumer, producer } = this.#ring
    const cursor = this.#cursor
    const kept = this.#kept
    kept?.before()
    this.#countLost()
    cursor.begin(Number(consumer[0]!), Number(Atomics.load(producer, 0)))
    kept?.after()
    let { position } = cursor
    try {
      while (cursor.next()) {
        const { offset, length } = cursor
        const kind = this.#records.view.getUint32(offset + RECORD.kind, true)
        if (kept !== undefined && length > WAKE_LENGTH) {
          const time = timeAt(this.#records.view, offset)
          kept.reach(time)
          if (followsChanges(kind) && !kept.upTo(time)) return
        }
        position = cursor.position
        if (isChange(kind)) this.#state(this.#records, offset, length)
        else this.#tell(this.#records.reader.read(offset, length))
      }
      kept?.end(performance.now())
    } finally {
      Atomics.store(consumer, 0, BigInt(position))
    }
  }

  #state(from: Source, offset: number, length: number): void {
    if (this.#see !== undefined) {
      from.change.move(offset)
      this.#see(from.change)
    }
    this.#records.reader.renew(from.view, offset)
    if (this.#log?.take(from, offset, length, this.#give) !== true)
      this.#tell(from.reader.read(offset, length))
  }

  #tell(fact: KernelFact | undefined): void {
    if (fact !== undefined) this.#give(fact)
  }

  #free(): void {
    this.#symbols.close()
    for (const fd of this.#descriptors.splice(0)) libc.close(fd)
  }

  /** All but changes of state, without which the plane is not worth having. What fails is said. */
  #attach(btf: Btf, target: ProgramTarget, dropReasons: ReadonlyMap<number, string> | undefined): Watched {
    const attach = (tracepoint: string, what: string, make: (given: number) => Uint8Array): boolean => {
      const given = btf.tracepointArguments(tracepoint)
      if (given === undefined) {
        this.degraded.push(`${what}: this kernel has no tracepoint ${tracepoint}`)
        return false
      }
      return this.#try(what, () => attachTracepoint(tracepoint, make(given)))
    }
    return {
      state: true,
      error: attach('inet_sk_error_report', 'errors of sockets are not told', () =>
        programs.errorProgram(target),
      ),
      reset:
        attach('tcp_send_reset', 'resets sent are not told', (given) =>
          programs.resetProgram(target, given),
        ) &&
        attach('tcp_receive_reset', 'resets received are not told', () =>
          programs.resetReceivedProgram(target),
        ),
      retransmit:
        attach('tcp_retransmit_skb', 'retransmissions are not told', (given) =>
          programs.retransmitProgram(target, given),
        ) &&
        attach('tcp_retransmit_synack', 'repeated SYN+ACKs are not told', () =>
          programs.retransmitSynAckProgram(target),
        ),
      call: this.#try('calls of connect() that fail at once are not told', () => attachCalls(btf, target)),
      drop:
        dropReasons !== undefined &&
        attach('kfree_skb', 'dropped packets are not told', (given) =>
          dropProgram(target, given, dropFilter(dropReasons)),
        ),
    }
  }

  #try(what: string, attach: () => number[]): boolean {
    try {
      this.#descriptors.push(...attach())
      return true
    } catch (error) {
      if (!(error instanceof libc.SystemError || error instanceof RangeError)) throw error
      this.degraded.push(`${what}: ${error.message}`)
      // The programs before were let in: what is refused is tracefs, or perf events.
      if (isRefused(error)) this.mend = tracepointHint()
      return false
    }
  }
}

function targetOf(layout: KernelLayout, ring: BpfRing, counter: BpfCounter): ProgramTarget {
  const { ino, dev } = statSync(PID_NAMESPACE)
  return {
    layout,
    ring: ring.fd,
    lost: counter.fd,
    // Mapped twice in a row.
    ringLength: ring.data.length / 2,
    ...(ino !== INITIAL_PID_NAMESPACE && { pidNamespace: { device: dev, inode: ino } }),
  }
}
