import * as libc from '../libc.ts'
import { IOC_ENABLE, openTracepoint } from './perf-ring.ts'

// Commands of bpf(2), types and flags of include/uapi/linux/bpf.h.
const MAP_CREATE = 0
const PROG_LOAD = 5
const RAW_TRACEPOINT_OPEN = 17
const MAP_TYPE_ARRAY = 2
const MAP_TYPE_RINGBUF = 27
const MAP_FLAG_MMAPABLE = 1 << 10
const PROG_TYPE_RAW_TRACEPOINT = 17
const PROG_TYPE_TRACEPOINT = 5
const PROG_TYPE_TRACING = 26
const ATTACH_TYPE_RAW_TRACEPOINT = 23
const ATTACH_TYPE_FUNCTION_RETURN = 25

/** _IOW('$', 8, u32). */
const IOC_SET_BPF = 0x40042408

const RLIMIT_MEMLOCK = 8
const PROT_READ = 1
const PROT_READ_WRITE = 3
const MAP_SHARED = 1

/** The helpers that read kernel memory are for programs under the GPL. */
const LICENCE = unmoved(Buffer.from('Dual MIT/GPL\0'))
/** `union bpf_attr` up to `attach_prog_fd` and a little more; the rest counts as zero. */
const ATTRIBUTES = 128
const LOG = 256 * 1024
const INSTRUCTION = 8
const EAGAIN = 11
const MOST_TRIES = 5

/** A ring buffer that all CPUs share; `producer` and `consumer` count bytes since its beginning. */
export interface BpfRing {
  readonly fd: number
  readonly consumer: BigInt64Array
  readonly producer: BigInt64Array
  /** The ring's memory twice in a row, so that no record wraps. */
  readonly data: Uint8Array
}

/** `size` in bytes: a power of two and whole pages. Linux 5.8. Throws `SystemError`: EPERM without CAP_BPF. */
export function createRing(size: number): BpfRing {
  const fd = createMap(MAP_TYPE_RINGBUF, 0, 0, size, 0)
  try {
    const page = libc.pageSize()
    const consumer = mapMemory(fd, page, PROT_READ_WRITE, 0)
    const rest = mapMemory(fd, page + 2 * size, PROT_READ, page)
    return {
      fd,
      consumer: new BigInt64Array(consumer, 0, 1),
      producer: new BigInt64Array(rest, 0, 1),
      data: new Uint8Array(rest, page, 2 * size),
    }
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/** A number that programs add to. Linux 5.5. */
export interface BpfCounter {
  readonly fd: number
  readonly value: BigInt64Array
}

export function createCounter(): BpfCounter {
  const fd = createMap(MAP_TYPE_ARRAY, 4, 8, 1, MAP_FLAG_MMAPABLE)
  try {
    return { fd, value: new BigInt64Array(mapMemory(fd, libc.pageSize(), PROT_READ, 0), 0, 1) }
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/** Memory that programs write as they like. */
export interface BpfMemory {
  readonly fd: number
  readonly bytes: Uint8Array
}

/** Throws `SystemError`: E2BIG for more than 4 MiB in older kernels. */
export function createMemory(length: number): BpfMemory {
  const fd = createMap(MAP_TYPE_ARRAY, 4, length, 1, MAP_FLAG_MMAPABLE)
  try {
    return { fd, bytes: new Uint8Array(mapMemory(fd, length, PROT_READ, 0)) }
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/**
 * Loads a program and attaches it to a tracepoint. Both descriptors are the only references: closed, or with the
 * process gone, the program is gone. Throws `SystemError`; the message has the verifier's last words.
 */
export function attachTracepoint(tracepoint: string, program: Uint8Array): number[] {
  return attach(loadProgram(PROG_TYPE_RAW_TRACEPOINT, program, tracepoint), tracepoint)
}

/** The same for a program that knows the types of its arguments: `type` is that of the tracepoint. Linux 5.5. */
export function attachTypedTracepoint(tracepoint: string, type: number, program: Uint8Array): number[] {
  const target = { type, attach: ATTACH_TYPE_RAW_TRACEPOINT }
  return attach(loadProgram(PROG_TYPE_TRACING, program, tracepoint, target), undefined)
}

/**
 * The same at the return of a kernel function, `type` being the function's: the program is called with its arguments and
 * its result. Linux 5.5 (x86-64), 6.4 (arm64), built with function tracing. Throws `SystemError` elsewhere.
 */
export function attachReturn(name: string, type: number, program: Uint8Array): number[] {
  const target = { type, attach: ATTACH_TYPE_FUNCTION_RETURN }
  return attach(loadProgram(PROG_TYPE_TRACING, program, name, target), undefined)
}

/**
 * Loads a program and attaches it to the perf tracepoint `id`, on all CPUs. Only so is a program called for one
 * system call and not for all: the kernel looks in a bitmap of their numbers first.
 */
export function attachPerfTracepoint(id: number, name: string, program: Uint8Array): number[] {
  const loaded = loadProgram(PROG_TYPE_TRACEPOINT, program, name)
  const event = openTracepoint(id)
  if (event !== -1 && libc.ioctlInt(event, IOC_SET_BPF, loaded) !== -1) {
    if (libc.ioctlInt(event, IOC_ENABLE, 0) !== -1) return [event, loaded]
  }
  const error = libc.lastError(`Cannot attach a BPF program to ${name}`)
  libc.close(loaded)
  if (event !== -1) libc.close(event)
  throw error
}

/** Without a name the program itself says what it is for. */
function attach(program: number, tracepoint: string | undefined): number[] {
  const attributes = new Uint8Array(new ArrayBuffer(ATTRIBUTES))
  const view = new DataView(attributes.buffer)
  const name = unmoved(Buffer.from(`${tracepoint}\0`))
  if (tracepoint !== undefined) view.setBigUint64(0, libc.addressOf(name), true)
  view.setUint32(8, program, true)
  const link = libc.bpf(RAW_TRACEPOINT_OPEN, attributes, ATTRIBUTES)
  if (link !== -1) return [link, program]
  const error = libc.lastError(`Cannot attach a BPF program to ${tracepoint ?? 'its place'}`)
  libc.close(program)
  throw error
}

/** What a typed program is attached to: the number of its type, and how. */
interface Target {
  readonly type: number
  readonly attach: number
}

function loadProgram(type: number, program: Uint8Array, label: string, target?: Target): number {
  const instructions = unmoved(program)
  const attributes = new Uint8Array(new ArrayBuffer(ATTRIBUTES))
  const view = new DataView(attributes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, instructions.length / INSTRUCTION, true)
  view.setBigUint64(8, libc.addressOf(instructions), true)
  view.setBigUint64(16, libc.addressOf(LICENCE), true)
  // At most 15 letters, as bpftool shows them.
  attributes.set(Buffer.from(`st_${label}`.slice(0, 15), 'latin1'), 48)
  if (target !== undefined) {
    view.setUint32(68, target.attach, true)
    view.setUint32(108, target.type, true)
  }
  for (let tries = 1; ; tries++) {
    const fd = libc.bpf(PROG_LOAD, attributes, ATTRIBUTES)
    if (fd !== -1) return fd
    // The verifier gives up for every signal that arrives meanwhile, a profiler's for example.
    if (libc.errno() !== EAGAIN || tries === MOST_TRIES) break
  }
  const number = libc.errno()
  throw new libc.SystemError(`Cannot load a BPF program for ${label}${verdictOf(attributes, view)}`, number)
}

/** What the verifier says when it is asked to talk: its last two lines. Empty when the program is not the reason. */
function verdictOf(attributes: Uint8Array, view: DataView): string {
  const log = new Uint8Array(new ArrayBuffer(LOG))
  view.setUint32(24, 1, true)
  view.setUint32(28, LOG, true)
  view.setBigUint64(32, libc.addressOf(log), true)
  const fd = libc.bpf(PROG_LOAD, attributes, ATTRIBUTES)
  if (fd !== -1) libc.close(fd)
  const text = Buffer.from(log.subarray(0, log.indexOf(0))).toString('latin1')
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('processed '))
  return lines[0] === '' ? '' : ` (${lines.slice(-2).join('; ')})`
}

function createMap(type: number, key: number, value: number, entries: number, flags: number): number {
  const attributes = new Uint8Array(ATTRIBUTES)
  const view = new DataView(attributes.buffer)
  for (const [index, word] of [type, key, value, entries, flags].entries())
    view.setUint32(index * 4, word, true)
  const fd = libc.bpf(MAP_CREATE, attributes, ATTRIBUTES)
  if (fd !== -1) return fd
  const error = libc.lastError('Cannot make a BPF map')
  const again =
    error.code === 'EPERM' ? withoutMemoryLimit(() => libc.bpf(MAP_CREATE, attributes, ATTRIBUTES)) : -1
  if (again === -1) throw error
  return again
}

/**
 * Until Linux 5.11 maps count as locked memory of the user, of which 64 KiB are usual, and more than that is EPERM. The
 * limit is put back: programs that are started inherit it. Raising it takes CAP_SYS_RESOURCE.
 */
function withoutMemoryLimit(action: () => number): number {
  const before = new Uint8Array(16)
  if (libc.getrlimit(RLIMIT_MEMLOCK, before) === -1) return -1
  if (libc.setrlimit(RLIMIT_MEMLOCK, new Uint8Array(16).fill(0xff)) === -1) return -1
  try {
    return action()
  } finally {
    libc.setrlimit(RLIMIT_MEMLOCK, before)
  }
}

function mapMemory(fd: number, length: number, protection: number, offset: number): ArrayBuffer {
  const pointer = libc.mmap(null, length, protection, MAP_SHARED, fd, offset)
  if (libc.isMapFailed(pointer)) throw libc.lastError('Cannot map a BPF map')
  return libc.memoryAt(pointer, length)
}

/** A copy outside the JavaScript heap, whose address can be given to the kernel. */
function unmoved(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
