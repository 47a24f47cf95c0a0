import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { attachReturn } from '../../src/host/kernel/bpf.ts'
import { Tracefs } from '../../src/host/kernel/tracefs.ts'
import { close, SystemError } from '../../src/host/libc.ts'
import { readSysctl } from '../../src/host/sysctl.ts'
import { Assembler, R0 } from '../../src/kernel/assembler.ts'
import { Btf } from '../../src/kernel/btf.ts'

/** True when the running kernel is that one or a younger one. */
export function isLinux([major, minor]: readonly [major: number, minor: number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(release())!.map(Number) as [number, number, number]
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

/** Since then resets are told with their reason, and those without a socket too. */
export const TELLS_RESET_REASONS: boolean = isLinux([6, 10])

/** Whether retransmissions that could not be sent are told, with their error: older kernels do not. Needs root. */
export function tellsFailedRetransmissions(): boolean {
  const tracefs = new Tracefs()
  const format = tracefs.format('tcp', 'tcp_retransmit_skb')
  tracefs.close()
  return format?.fields.has('err') === true
}

/** Whether a program may stand at the return of a kernel function: of connect(2) on x86-64, by one that does nothing. Needs root. */
export function watchesReturns(): boolean {
  const name = '__x64_sys_connect'
  const type = new Btf(readFileSync('/sys/kernel/btf/vmlinux')).function(name)?.id
  if (type === undefined) return false
  try {
    for (const fd of attachReturn(name, type, new Assembler().set(R0, 0).exit().assemble())) close(fd)
    return true
  } catch (error) {
    if (error instanceof SystemError) return false
    throw error
  }
}

/** Whether perf events are given to CAP_SYS_ADMIN alone: Debian's kernels and Ubuntu's, as they come. */
export const IS_PARANOID: boolean = readSysctl('kernel.perf_event_paranoid')! > 2
