import { R0, R1, R2, R3, R6, R7, R8, R9 } from './assembler.ts'
import type { Btf } from './btf.ts'
import { COMMON_LENGTH } from './layout.ts'
import { Program, type ProgramTarget } from './program.ts'
import { KIND, RECORD } from './ring-record.ts'

// Helpers by their numbers in include/uapi/linux/bpf.h.
const PROBE_READ_USER = 112
const GET_CURRENT_TASK_BTF = 158
const TASK_PT_REGS = 175

const TCP = 6
const UDP = 17
/** `struct sockaddr_in6`, the longer one. */
const SOCKADDR_LENGTH = 28
const POINTER = 3

/**
 * What connect() returns without having failed: it goes on (EINPROGRESS, EALREADY), was done before (EISCONN), or a
 * signal came (EINTR and the four ERESTART that become it).
 */
const NOT_FAILED = [-115, -114, -106, -4, -512, -513, -514, -516]

/** The way from the running task to the arguments of its system call, and to the socket behind a descriptor. */
export interface CallLayout {
  /** In `struct pt_regs`: the first and the second argument. */
  readonly descriptor: number
  readonly address: number
  readonly files: number
  readonly table: number
  readonly tableLength: number
  readonly tableFiles: number
  readonly fileSocket: number
  readonly socketSock: number
}

/** `undefined` on an architecture that is not known, or a kernel that lacks something. */
export function readCallLayout(btf: Btf): CallLayout | undefined {
  const registers = btf.offset('pt_regs', 'regs')
  const layout = {
    // x86-64, else arm64, whose first register has the result by then.
    descriptor: btf.offset('pt_regs', 'di') ?? btf.offset('pt_regs', 'orig_x0'),
    address: btf.offset('pt_regs', 'si') ?? (registers === undefined ? undefined : registers + 8),
    files: btf.offset('task_struct', 'files'),
    table: btf.offset('files_struct', 'fdt'),
    tableLength: btf.offset('fdtable', 'max_fds'),
    tableFiles: btf.offset('fdtable', 'fd'),
    fileSocket: btf.offset('file', 'private_data'),
    socketSock: btf.offset('socket', 'sk'),
  }
  return isWhole(layout) ? layout : undefined
}

function isWhole(layout: { readonly [K in keyof CallLayout]: number | undefined }): layout is CallLayout {
  return Object.values(layout).every((offset) => offset !== undefined)
}

/** Where the result is for a program at the return of the function that serves the call: behind its only argument. */
export const RETURNED = 8

/**
 * A call of connect() that failed. The result is at `result` of the context: `RETURNED`, or where the record of
 * `syscalls:sys_exit_connect` has it. The record's payload ends in the address that was dialled, as the caller has it in
 * its memory.
 *
 * While the tracepoint of any system call is in use, all calls take the kernel's slower way: 55 ns each (166 → 221 ns for
 * getppid, Linux 6.18). Calls through io_uring or the 32-bit entry are not seen, those that a seccomp filter answers by
 * the tracepoint alone.
 */
export function callProgram(target: ProgramTarget, layout: CallLayout, result: number): Uint8Array {
  const program = new Program(target)
  program.load(8, R1, R1, result).jumpIf(R1, '<s', 0, 'failed').jump('out').label('failed')
  for (const value of NOT_FAILED) program.jumpIf(R1, '==', value, 'out')
  program.move(R6, R1).call(GET_CURRENT_TASK_BTF).move(R7, R0).move(R1, R0).call(TASK_PT_REGS)
  program.load(8, R8, R0, layout.address).load(4, R9, R0, layout.descriptor)
  program.readNumber(8, R7, R7, layout.files).readNumber(8, R7, R7, layout.table)
  program.readNumber(4, R1, R7, layout.tableLength).jumpUnlessBelow(R9, R1, 'out')
  program.readNumber(8, R7, R7, layout.tableFiles).apply('<<', R9, POINTER).applyRegister('+', R7, R9)
  program.readNumber(8, R7, R7, 0).readNumber(8, R7, R7, layout.fileSocket)
  program.readNumber(8, R7, R7, layout.socketSock).jumpIf(R7, '==', 0, 'out')
  program.onlyProtocols(TCP, UDP).reserve(KIND.call).store(4, R9, RECORD.value, R6).socket()
  program
    .move(R1, R9)
    .apply('+', R1, RECORD.payload + COMMON_LENGTH)
    .set(R2, SOCKADDR_LENGTH)
  program.move(R3, R8).call(PROBE_READ_USER)
  return program.caller().submit('now').assemble()
}
