import type { Btf } from '../../kernel/btf.ts'
import { callProgram, RETURNED, readCallLayout } from '../../kernel/call-program.ts'
import type { EventFormat } from '../../kernel/event-format.ts'
import type { ProgramTarget } from '../../kernel/program.ts'
import * as libc from '../libc.ts'
import { attachPerfTracepoint, attachReturn } from './bpf.ts'
import { Tracefs } from './tracefs.ts'

/** What serves connect(2): x86-64, arm64. Never inlined, since the table of system calls refers to it. */
const FUNCTIONS = ['__x64_sys_connect', '__arm64_sys_connect']

/**
 * Attaches the program for calls of connect() that fail at once: to the return of the function itself, which costs the
 * other system calls nothing and takes no tracefs, else to the tracepoint, which makes all of them slower (`callProgram`).
 * Throws `SystemError`, or `RangeError` where this kernel does not have what it takes.
 */
export function attachCalls(btf: Btf, target: ProgramTarget): number[] {
  const layout = readCallLayout(btf)
  if (layout === undefined) throw new RangeError('this kernel lays tasks out otherwise')
  const attached = tryReturn(btf, callProgram(target, layout, RETURNED))
  if (attached !== undefined) return attached
  const format = readFormat('syscalls', 'sys_exit_connect')
  const result = format?.fields.get('ret')
  if (format === undefined || result === undefined)
    throw new RangeError('this kernel has no tracepoint syscalls:sys_exit_connect')
  return attachPerfTracepoint(format.id, format.name, callProgram(target, layout, result.offset))
}

/** `undefined` where this kernel does not let its functions be patched: there are many reasons, with as many errors. */
function tryReturn(btf: Btf, program: Uint8Array): number[] | undefined {
  for (const name of FUNCTIONS) {
    const type = btf.function(name)?.id
    if (type === undefined) continue
    try {
      return attachReturn(name, type, program)
    } catch (error) {
      if (!(error instanceof libc.SystemError)) throw error
    }
  }
  return undefined
}

function readFormat(group: string, event: string): EventFormat | undefined {
  const tracefs = new Tracefs()
  try {
    return tracefs.format(group, event)
  } finally {
    tracefs.close()
  }
}
