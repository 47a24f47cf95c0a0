import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { Btf } from '../../kernel/btf.ts'
import { RECORD, socketFilesProgram } from '../../kernel/socket-files-program.ts'
import * as libc from '../libc.ts'

const BTF = '/sys/kernel/btf/vmlinux'
/** PROC_PID_INIT_INO (include/linux/proc_ns.h): elsewhere the pids of the kernel are not those of /proc. */
const FIRST_PID_NAMESPACE = 0xeffffffc

// Commands, types and offsets into `union bpf_attr` of include/uapi/linux/bpf.h.
const PROG_LOAD = 5
const LINK_CREATE = 28
const ITER_CREATE = 33
const PROG_TYPE_TRACING = 26
const ATTACH_ITERATOR = 28
const ATTRIBUTES = 128
const INSTRUCTION = 8
/** The program's helpers are for such licences. */
const LICENCE = pinned(Buffer.from('Dual MIT/GPL\0'))

const PROT_READ = 1
const MAP_PRIVATE = 2
const EAGAIN = 11
const EINTR = 4
/** The kernel gives at most 32 KiB at once. */
const READ_BYTES = 64 * 1024

/** Called for one descriptor that is a socket; pids ascend, and the descriptors of each. */
export type VisitSocketFile = (inode: number, pid: number, fd: number) => void

/**
 * Calls `visit` with every socket of every process, as the kernel's own iterator gives them: the same as
 * `/proc/PID/fd`, where each descriptor costs 4 µs. False, with nothing visited, when that cannot be had: it needs
 * CAP_BPF and CAP_PERFMON, Linux 5.11 with its BTF, and the first pid namespace.
 */
export function eachSocketFile(visit: VisitSocketFile): boolean {
  const iterator = openIterator()
  if (iterator === -1) return false
  try {
    return readRecords(iterator, visit)
  } finally {
    libc.close(iterator)
  }
}

/** Descriptor of the iterator, which keeps its program; -1 without. */
function openIterator(): number {
  let program: ReturnType<typeof socketFilesProgram>
  try {
    if (statSync('/proc/self/ns/pid').ino !== FIRST_PID_NAMESPACE) return -1
    program = socketFilesProgram(new Btf(kernelTypes()))
  } catch {
    return -1
  }
  if (program === undefined) return -1
  const loaded = load(pinned(program.bytes), program.target)
  if (loaded === -1) return -1
  const link = command(LINK_CREATE, [loaded, 0, ATTACH_ITERATOR])
  libc.close(loaded)
  if (link === -1) return -1
  const iterator = command(ITER_CREATE, [link])
  libc.close(link)
  return iterator
}

/** Mapped since Linux 6.16, read before that: 0.5 and 7 ms. */
function kernelTypes(): Uint8Array {
  const file = openSync(BTF, 'r')
  try {
    const { size } = fstatSync(file)
    const mapped = libc.mmap(null, size, PROT_READ, MAP_PRIVATE, file, 0)
    return libc.isMapFailed(mapped) ? readFileSync(BTF) : new Uint8Array(libc.memoryAt(mapped, size))
  } finally {
    closeSync(file)
  }
}

function load(instructions: Uint8Array, target: number): number {
  const attributes = new Uint8Array(ATTRIBUTES)
  const view = new DataView(attributes.buffer)
  view.setUint32(0, PROG_TYPE_TRACING, true)
  view.setUint32(4, instructions.length / INSTRUCTION, true)
  view.setBigUint64(8, libc.addressOf(instructions), true)
  view.setBigUint64(16, libc.addressOf(LICENCE), true)
  view.setUint32(68, ATTACH_ITERATOR, true)
  view.setUint32(108, target, true)
  return libc.bpf(PROG_LOAD, attributes, ATTRIBUTES)
}

/** A command whose attributes are 32-bit numbers. */
function command(number: number, values: readonly number[]): number {
  const attributes = new Uint8Array(ATTRIBUTES)
  new Uint32Array(attributes.buffer).set(values)
  return libc.bpf(number, attributes, ATTRIBUTES)
}

/** Reads it to its end; false when it fails before anything came. */
function readRecords(iterator: number, visit: VisitSocketFile): boolean {
  const bytes = new Uint8Array(READ_BYTES)
  const view = new DataView(bytes.buffer)
  for (let any = false; ; any = true) {
    const length = libc.read(iterator, bytes, bytes.length)
    if (length === 0) return true
    if (length === -1) {
      if (libc.errno() === EINTR || libc.errno() === EAGAIN) continue
      if (!any) return false
      throw libc.lastError('Cannot read the open files of all processes')
    }
    // A read gives whole records: the kernel keeps what a visit to one file wrote together.
    for (let at = 0; at + RECORD.bytes <= length; at += RECORD.bytes) {
      const pid = view.getUint32(at + RECORD.pid, true)
      // A thread with descriptors of its own is not in /proc/PID/fd.
      if (view.getUint32(at + RECORD.tid, true) !== pid) continue
      visit(view.getUint32(at + RECORD.inode, true), pid, view.getUint32(at + RECORD.fd, true))
    }
  }
}

/** Outside the JavaScript heap, so that its address lasts. */
function pinned(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
