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

export interface IteratorProgram {
  /** Instructions, 8 bytes each. */
  readonly bytes: Uint8Array
  /** Number of the function that it is attached to. */
  readonly target: number
}

/**
 * Writes a record for every descriptor that is a socket, ordered by thread and descriptor; threads that share their
 * descriptors with the first one of their process are left out. `undefined` when the kernel has no such iterator.
 */
export function socketFilesProgram(btf: Btf): IteratorProgram | undefined {
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
  const record = -RECORD.bytes
  const program = new Assembler()
    .move(R6, R1)
    // Both are null once, at the end of the iteration.
    .load(8, R7, R6, FILE)
    .jumpIf(R7, '==', 0, 'done')
    .load(8, R8, R6, TASK)
    .jumpIf(R8, '==', 0, 'done')
    .load(8, R9, R6, META)
    .move(R1, R7)
    .call(BPF_SOCK_FROM_FILE)
    .jumpIf(R0, '==', 0, 'done')
    .load(4, R1, R8, pid)
    .store(4, STACK, record + RECORD.pid, R1)
    .load(4, R1, R8, tid)
    .store(4, STACK, record + RECORD.tid, R1)
    .load(4, R1, R6, FD)
    .store(4, STACK, record + RECORD.fd, R1)
    // sock_diag too gives an inode in 32 bits.
    .load(8, R1, R7, node)
    .load(8, R1, R1, inode)
    .store(4, STACK, record + RECORD.inode, R1)
    .load(8, R1, R9, SEQUENCE_FILE)
    .move(R2, STACK)
    .apply('+', R2, record)
    .set(R3, RECORD.bytes)
    .call(BPF_SEQ_WRITE)
    .label('done')
    .set(R0, 0)
    .exit()
  return { bytes: program.assemble(), target }
}
