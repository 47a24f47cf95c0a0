import { RecordCursor, SAMPLE_TYPE } from '../../kernel/trace-event.ts'
import * as libc from '../libc.ts'

const SYS_PERF_EVENT_OPEN = process.arch === 'arm64' ? 241 : 298
const FLAG_FD_CLOEXEC = 8
const ANY_PROCESS = -1
const NO_GROUP = -1

const TYPE_SOFTWARE = 1
const TYPE_TRACEPOINT = 2
const SOFTWARE_DUMMY = 9
const CLOCK_MONOTONIC = 1

// Bits of the flags word of perf_event_attr.
const DISABLED = 1 << 0
const COMM = 1 << 9
const TASK = 1 << 13
const WATERMARK = 1 << 14
const SAMPLE_ID_ALL = 1 << 18
const COMM_EXEC = 1 << 24
const USE_CLOCKID = 1 << 25

// _IO('$', n), _IOW('$', 6, char *).
export const IOC_ENABLE = 0x2400
const IOC_SET_OUTPUT = 0x2405
const IOC_SET_FILTER = 0x40082406

const PROT_READ_WRITE = 3
const MAP_SHARED = 1

/**
 * Bytes of one ring. With its control page the smaller one is what `kernel.perf_event_mlock_kb` (516 KiB a CPU) allows
 * to everybody; 4 600 state changes fit. The larger one, for CAP_IPC_LOCK and few CPUs, lasts for a reader that is held
 * up while thousands of connections a second come and go.
 */
const RING_LENGTH = 512 * 1024
const LARGE_RING_LENGTH = 4 * RING_LENGTH
const MAX_LARGE_RINGS = 16
/** perf_event_attr up to and with `clockid`: PERF_ATTR_SIZE_VER5. */
const ATTRIBUTES_LENGTH = 112
/** Less room than this and the kernel may have dropped a record: the largest of ours has 112 bytes. */
const NEARLY_FULL = 512

/** A tracepoint and the records that are wanted of it, in the kernel's own filter language. */
export interface TracepointRequest {
  /** Id from its format file. */
  readonly id: number
  readonly filter?: string
}

/**
 * The records of one CPU: names, forks and exits of threads, and the tracepoints, all into one ring, so that
 * they stay in the order in which they happened. Never unmapped, since a view of it may live on.
 */
export class PerfRing {
  readonly fd: number
  readonly cursor: RecordCursor
  readonly #descriptors: number[] = []
  readonly #control: BigInt64Array
  readonly #length: number

  /** One of `rings`, one for each CPU. Throws `SystemError`; nothing stays open then. */
  constructor(cpu: number, rings: number, tracepoints: readonly TracepointRequest[]) {
    try {
      // The dummy owns the ring: it counts nothing, but its records tell of threads.
      this.fd = this.#open(attributes(TYPE_SOFTWARE, SOFTWARE_DUMMY, COMM | COMM_EXEC | TASK), cpu)
      const page = libc.pageSize()
      const map = (length: number): unknown =>
        libc.mmap(null, page + length, PROT_READ_WRITE, MAP_SHARED, this.fd, 0)
      let length = rings > MAX_LARGE_RINGS ? RING_LENGTH : LARGE_RING_LENGTH
      let pointer = map(length)
      if (libc.isMapFailed(pointer) && length > RING_LENGTH) {
        length = RING_LENGTH
        pointer = map(length)
      }
      if (libc.isMapFailed(pointer)) throw libc.lastError('Cannot map the ring of kernel events')
      const memory = libc.memoryAt(pointer, page + length)
      // struct perf_event_mmap_page: u64 data_head at 1024, data_tail at 1032.
      this.#control = new BigInt64Array(memory, 1024, 2)
      this.#length = length
      this.cursor = new RecordCursor(new Uint8Array(memory, page, length))
      for (const { id, filter } of tracepoints) {
        const fd = this.#open(attributes(TYPE_TRACEPOINT, id, 0), cpu)
        if (filter !== undefined && libc.ioctlPointer(fd, IOC_SET_FILTER, Buffer.from(`${filter}\0`)) === -1)
          throw libc.lastError(`Cannot filter kernel events by "${filter}"`)
        if (libc.ioctlInt(fd, IOC_SET_OUTPUT, this.fd) === -1)
          throw libc.lastError('Cannot send kernel events to one ring')
      }
      for (const fd of this.#descriptors)
        if (libc.ioctlInt(fd, IOC_ENABLE, 0) === -1) throw libc.lastError('Cannot switch kernel events on')
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Sets the cursor before the first unread record. False when the ring was so full that some may be lost. */
  begin(): boolean {
    const tail = Number(this.#control[1]!)
    // Acquire: the records up to the head are there once it is read.
    const head = Number(Atomics.load(this.#control, 0))
    this.cursor.begin(tail, head)
    return this.#length - (head - tail) >= NEARLY_FULL
  }

  /** Hands what the cursor has passed back to the kernel. */
  end(): void {
    Atomics.store(this.#control, 1, BigInt(this.cursor.position))
  }

  /** Ends the events. The memory stays mapped. */
  close(): void {
    for (const fd of this.#descriptors.splice(0)) libc.close(fd)
  }

  #open(attr: Uint8Array, cpu: number): number {
    const fd = libc.perfEventOpen(SYS_PERF_EVENT_OPEN, attr, ANY_PROCESS, cpu, NO_GROUP, FLAG_FD_CLOEXEC)
    if (fd === -1) throw libc.lastError('Cannot open kernel events')
    this.#descriptors.push(fd)
    return fd
  }
}

/** A tracepoint's event without a ring, for a program to be attached to; disabled. -1 when that fails. */
export function openTracepoint(id: number): number {
  const attr = attributes(TYPE_TRACEPOINT, id, 0)
  return libc.perfEventOpen(SYS_PERF_EVENT_OPEN, attr, ANY_PROCESS, 0, NO_GROUP, FLAG_FD_CLOEXEC)
}

/** struct perf_event_attr (linux/perf_event.h). */
function attributes(type: number, config: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(ATTRIBUTES_LENGTH)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, ATTRIBUTES_LENGTH, true)
  view.setUint32(8, config, true)
  view.setUint32(16, 1, true)
  view.setUint32(24, SAMPLE_TYPE, true)
  view.setUint32(40, flags | DISABLED | WATERMARK | SAMPLE_ID_ALL | USE_CLOCKID, true)
  view.setUint32(48, RING_LENGTH / 4, true)
  view.setInt32(92, CLOCK_MONOTONIC, true)
  return bytes
}
