import { Assembler, R0, R1, R2, R3, R6, R7, R8, R9, STACK } from './assembler.ts'
import type { Btf } from './btf.ts'

/** The iterator over all open files of all tasks (kernel/bpf/task_iter.c, since Linux 5.8). */
const ITERATOR = 'bpf_iter_task_file'
// struct bpf_iter__task_file: pointers, and a number, of 8 bytes each; its `meta` begins with the sequence file.
const META = 0
const TASK = 8
const FD = 16
const FILE = 24
const SEQUENCE_FILE = 0
// Helpers (include/uapi/linux/bpf.h); the second is there since Linux 5.11.
const BPF_SEQ_WRITE = 127
const BPF_SOCK_FROM_FILE = 162

/** What the program writes for each descriptor that is a socket, four u32: process, thread, descriptor, inode. */
export const RECORD = { bytes: 16, pid: 0, tid: 4, fd: 8, inode: 12 } as const

/**
 * What follows when only some sockets are wanted: u64 references to the open file, without the iterator's own; u32
 * tasks that share the table of descriptors, u32 threads of the process.
 */
export const WANTED_RECORD = { ...RECORD, bytes: 32, references: 16, sharing: 24, threads: 28 } as const

/** Bytes of the map that says which inodes are wanted: a bit each, by the lowest bits of the number. */
export const WANTED_BYTES: number = 1 << 14
const WORD_BITS = 5

export interface IteratorProgram {
  /** Instructions, 8 bytes each. */
  readonly bytes: Uint8Array
  /** Number of the function that it is attached to. */
  readonly target: number
}

/** Sets the bit of an inode in the map's value. */
export function setWanted(map: Uint32Array, inode: number): void {
  const word = (inode >>> WORD_BITS) & (map.length - 1)
  map[word] = map[word]! | (1 << (inode & 31))
}

/**
 * Writes a record for every descriptor that is a socket, ordered by thread and descriptor; threads that share their
 * descriptors with the first one of their process are left out. With the descriptor of a map (`setWanted`) only
 * those whose bit is set, which others may have too. `undefined` when the kernel has no such iterator.
 */
export function socketFilesProgram(btf: Btf, wanted?: number): IteratorProgram | undefined {
  const target = btf.function(ITERATOR)?.id
  const pid = btf.offset('task_struct', 'tgid')
  const tid = btf.offset('task_struct', 'pid')
  const node = btf.offset('file', 'f_inode')
  const inode = btf.offset('inode', 'i_ino')
  if (
    target === undefined ||
    pid === undefined ||
    tid === undefined ||
    node === undefined ||
    inode === undefined
  )
    return undefined
  const { bytes } = wanted === undefined ? RECORD : WANTED_RECORD
  const program = new Assembler()
    .move(R6, R1)
    // Both are null once, at the end of the iteration.
    .load(8, R7, R6, FILE)
    .jumpIf(R7, '==', 0, 'done')
    .load(8, R8, R6, TASK)
    .jumpIf(R8, '==', 0, 'done')
    .load(8, R9, R6, META)
  if (wanted !== undefined) leaveOthersOut(program.load(8, R1, R7, node).load(8, R1, R1, inode), wanted)
  program
    .move(R1, R7)
    .call(BPF_SOCK_FROM_FILE)
    .jumpIf(R0, '==', 0, 'done')
    .load(4, R1, R8, pid)
    .store(4, STACK, RECORD.pid - bytes, R1)
    .load(4, R1, R8, tid)
    .store(4, STACK, RECORD.tid - bytes, R1)
    .load(4, R1, R6, FD)
    .store(4, STACK, RECORD.fd - bytes, R1)
    // sock_diag too gives an inode in 32 bits.
    .load(8, R1, R7, node)
    .load(8, R1, R1, inode)
    .store(4, STACK, RECORD.inode - bytes, R1)
  if (wanted !== undefined && !addReferences(program, btf, bytes)) return undefined
  program
    .load(8, R1, R9, SEQUENCE_FILE)
    .move(R2, STACK)
    .apply('+', R2, -bytes)
    .set(R3, bytes)
    .call(BPF_SEQ_WRITE)
    .label('done')
    .set(R0, 0)
    .exit()
  return { bytes: program.assemble(), target }
}

/** Ends the program unless the bit of the inode in R1 is set. */
function leaveOthersOut(program: Assembler, wanted: number): void {
  program
    .move(R2, R1)
    .apply('>>', R2, WORD_BITS)
    .apply('<<', R2, 2)
    .apply('&', R2, WANTED_BYTES - 4)
    .mapValue(R3, wanted)
    .applyRegister('+', R3, R2)
    .load(4, R3, R3, 0)
    .apply('&', R1, 31)
    .applyRegister('>>', R3, R1)
    .apply('&', R3, 1)
    .jumpIf(R3, '==', 0, 'done')
}

/** The second half of the record, of the file in R7 and the task in R8; false when the kernel's types lack something. */
function addReferences(program: Assembler, btf: Btf, bytes: number): boolean {
  // Linux 6.13 counts from 0 for one reference, which leaves the iterator's own out; before, that is taken off.
  const counter = btf.offset('file', 'f_ref') ?? btf.offset('file', 'f_count')
  const own = btf.offset('file', 'f_ref') === undefined ? 1 : 0
  const files = btf.offset('task_struct', 'files')
  const sharing = btf.offset('files_struct', 'count')
  const signal = btf.offset('task_struct', 'signal')
  const threads = btf.offset('signal_struct', 'nr_threads')
  if (
    counter === undefined ||
    files === undefined ||
    sharing === undefined ||
    signal === undefined ||
    threads === undefined
  )
    return false
  program
    .load(8, R1, R7, counter)
    .apply('+', R1, -own)
    .store(8, STACK, WANTED_RECORD.references - bytes, R1)
    .load(8, R1, R8, files)
    .load(4, R1, R1, sharing)
    .store(4, STACK, WANTED_RECORD.sharing - bytes, R1)
    .load(8, R1, R8, signal)
    .load(4, R1, R1, threads)
    .store(4, STACK, WANTED_RECORD.threads - bytes, R1)
  return true
}
