import type { Btf } from '../../kernel/btf.ts'
import { type CallLayout, callProgram, RETURNED, readCallLayout } from '../../kernel/call-program.ts'
import type { EventFormat } from '../../kernel/event-format.ts'
import type { ProgramTarget } from '../../kernel/program.ts'
import * as libc from '../libc.ts'
import { readSysctl } from '../sysctl.ts'
import { attachPerfTracepoint, attachReturn } from './bpf.ts'
import { Tracefs } from './tracefs.ts'

/** What serves connect(2), by `process.arch`. */
const FUNCTIONS: Readonly<Record<string, string>> = { x64: '__x64_sys_connect', arm64: '__arm64_sys_connect' }

/**
 * Attaches the program for calls of connect() that fail at once: to the return of the function itself, which costs the
 * other system calls nothing and takes no tracefs, else to the tracepoint, which makes all of them slower (`callProgram`).
 * Throws `SystemError`, or `RangeError` where this kernel does not have what it takes.
 */
export function attachCalls(btf: Btf, target: ProgramTarget): number[] {
  const layout = readCallLayout(btf)
  if (layout === undefined) throw new RangeError('this kernel lays tasks out otherwise')
  return attachCallReturn(btf, target, layout) ?? attachCallTracepoint(target, layout)
}

/**
 * `undefined` where this kernel does not let its functions be patched: there are many reasons, with as many errors, and
 * one setting (kernel.ftrace_enabled) under which all is attached and nothing called.
 */
export function attachCallReturn(btf: Btf, target: ProgramTarget, layout: CallLayout): number[] | undefined {
  const name = FUNCTIONS[process.arch]
  const type = name === undefined ? undefined : btf.function(name)?.id
  if (name === undefined || type === undefined || readSysctl('kernel.ftrace_enabled') === 0) return undefined
  try {
    return attachReturn(name, type, callProgram(target, layout, RETURNED))
  } catch (error) {
    if (error instanceof libc.SystemError) return undefined
    throw error
  }
}

/** To `syscalls:sys_exit_connect`. Throws like `attachCalls`. */
export function attachCallTracepoint(target: ProgramTarget, layout: CallLayout): number[] {
  const format = readFormat('syscalls', 'sys_exit_connect')
  const result = format?.fields.get('ret')
  if (format === undefined || result === undefined)
    throw new RangeError('this kernel has no tracepoint syscalls:sys_exit_connect')
  return attachPerfTracepoint(format.id, format.name, callProgram(target, layout, result.offset))
}

function readFormat(group: string, event: string): EventFormat | undefined {
  const tracefs = new Tracefs()
  try {
    return tracefs.format(group, event)
  } finally {
    tracefs.close()
  }
}
