import { statSync } from 'node:fs'
import type { Btf } from '../../kernel/btf.ts'
import type { IteratorProgram } from '../../kernel/socket-files-program.ts'
import { kernelTypes } from '../kernel/kernel-types.ts'
import * as libc from '../libc.ts'

/** PROC_PID_INIT_INO (include/linux/proc_ns.h): elsewhere the pids of the kernel are not those of /proc. */
const FIRST_PID_NAMESPACE = 0xeffffffc

// Commands, types and offsets into `union bpf_attr` of include/uapi/linux/bpf.h.
const MAP_CREATE = 0
const MAP_UPDATE_ELEM = 2
const PROG_LOAD = 5
const LINK_CREATE = 28
const ITER_CREATE = 33
const MAP_TYPE_ARRAY = 2
const PROG_TYPE_TRACING = 26
const ATTACH_ITERATOR = 28
const ATTRIBUTES = 128
const INSTRUCTION = 8
const LOAD_ATTEMPTS = 5
/** union bpf_iter_link_info: of a task u32 tid, u32 pid, u32 pidfd; since Linux 6.1. */
const LINK_INFO = 16
/** The program's helpers are for such licences. */
const LICENCE = pinned(Buffer.from('Dual MIT/GPL\0'))

const EAGAIN = 11
const EINTR = 4
/** The kernel gives at most 32 KiB at once. */
const READ_BYTES = 64 * 1024

/**
 * Makes a program for this kernel's types and loads it: the descriptor, or -1. It needs CAP_BPF and CAP_PERFMON, the
 * kernel's BTF, and the first pid namespace.
 */
export function loadIterator(make: (btf: Btf) => IteratorProgram | undefined): number {
  try {
    if (statSync('/proc/self/ns/pid').ino !== FIRST_PID_NAMESPACE) return -1
    const program = make(kernelTypes())
    return program === undefined ? -1 : load(pinned(program.bytes), program.target)
  } catch {
    return -1
  }
}

/** A map of one value, all zeros; -1 when it cannot be made. */
export function createValue(bytes: number): number {
  return command(MAP_CREATE, [MAP_TYPE_ARRAY, 4, bytes, 1, 0])
}

/** False when it is refused. */
export function setValue(map: number, value: Uint8Array): boolean {
  const [key, copy] = [pinned(new Uint8Array(4)), pinned(value)]
  const attributes = new Uint8Array(ATTRIBUTES)
  const view = new DataView(attributes.buffer)
  view.setUint32(0, map, true)
  view.setBigUint64(8, libc.addressOf(key), true)
  view.setBigUint64(16, libc.addressOf(copy), true)
  return libc.bpf(MAP_UPDATE_ELEM, attributes, ATTRIBUTES) === 0
}

export interface IterateOptions {
  /** Only this process. */
  readonly pid?: number | undefined
  /** Records to read at once: the kernel goes no further than it must for them. Default as many as it gives. */
  readonly atOnce?: number
  /** Asked after each read: true leaves out the rest. */
  readonly enough?: () => boolean
}

/**
 * Runs a loaded program over the files of all tasks and hands over each record of `bytes`, whose place in the view is
 * borrowed. False, with nothing handed over, when the kernel refuses.
 */
export function iterate(
  program: number,
  bytes: number,
  each: (view: DataView, at: number) => void,
  { pid, atOnce = Number.POSITIVE_INFINITY, enough = () => false }: IterateOptions = {},
): boolean {
  const link = createLink(program, pid)
  if (link === -1) return false
  const iterator = command(ITER_CREATE, [link])
  libc.close(link)
  if (iterator === -1) return false
  try {
    return readRecords(iterator, bytes, each, Math.min(READ_BYTES, bytes * atOnce), enough)
  } finally {
    libc.close(iterator)
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
  // A signal stops the kernel's check of the program, as a profiler's does.
  for (let attempt = 1; ; attempt++) {
    const program = libc.bpf(PROG_LOAD, attributes, ATTRIBUTES)
    if (program !== -1 || libc.errno() !== EAGAIN || attempt === LOAD_ATTEMPTS) return program
  }
}

/** Before Linux 6.1 the information about a pid is refused (E2BIG), never ignored. */
function createLink(program: number, pid: number | undefined): number {
  if (pid === undefined) return command(LINK_CREATE, [program, 0, ATTACH_ITERATOR])
  const info = pinned(new Uint8Array(LINK_INFO))
  new DataView(info.buffer).setUint32(4, pid, true)
  const attributes = new Uint8Array(ATTRIBUTES)
  const view = new DataView(attributes.buffer)
  view.setUint32(0, program, true)
  view.setUint32(8, ATTACH_ITERATOR, true)
  view.setBigUint64(16, libc.addressOf(info), true)
  view.setUint32(24, LINK_INFO, true)
  return libc.bpf(LINK_CREATE, attributes, ATTRIBUTES)
}

/** A command whose attributes are 32-bit numbers. */
function command(number: number, values: readonly number[]): number {
  const attributes = new Uint8Array(ATTRIBUTES)
  new Uint32Array(attributes.buffer).set(values)
  return libc.bpf(number, attributes, ATTRIBUTES)
}

const received = new Uint8Array(READ_BYTES)
const receivedView = new DataView(received.buffer)

/** Reads it to its end, or until it is enough; false when it fails before anything came. */
function readRecords(
  iterator: number,
  bytes: number,
  each: (view: DataView, at: number) => void,
  most: number,
  enough: () => boolean,
): boolean {
  for (let any = false; !any || !enough(); any = true) {
    const length = libc.read(iterator, received, most)
    if (length === 0) return true
    if (length === -1) {
      if (libc.errno() === EINTR || libc.errno() === EAGAIN) continue
      if (!any) return false
      throw libc.lastError('Cannot read the open files of all processes')
    }
    // A read gives whole records: the kernel keeps what a visit to one file wrote together.
    for (let at = 0; at + bytes <= length; at += bytes) each(receivedView, at)
  }
  return true
}

/** Outside the JavaScript heap, so that its address lasts. */
function pinned(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
