import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { attachCallReturn } from '../../src/host/kernel/attach-calls.ts'
import { createCounter, createRing } from '../../src/host/kernel/bpf.ts'
import { Tracefs } from '../../src/host/kernel/tracefs.ts'
import { close } from '../../src/host/libc.ts'
import { readSysctl } from '../../src/host/sysctl.ts'
import { Btf } from '../../src/kernel/btf.ts'
import { readCallLayout } from '../../src/kernel/call-program.ts'
import { readLayout } from '../../src/kernel/layout.ts'

/** Bytes. */
const RING = 64 * 1024

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

/** Whether connect() is watched at its return. Needs root. */
export function watchesReturns(): boolean {
  const [ring, counter] = [createRing(RING), createCounter()]
  const btf = new Btf(readFileSync('/sys/kernel/btf/vmlinux'))
  const target = { layout: readLayout(btf), ring: ring.fd, lost: counter.fd, ringLength: RING }
  const attached = attachCallReturn(btf, target, readCallLayout(btf)!)
  for (const fd of [...(attached ?? []), ring.fd, counter.fd]) close(fd)
  return attached !== undefined
}

/** Whether perf events are given to CAP_SYS_ADMIN alone: Debian's kernels and Ubuntu's, as they come. */
export const IS_PARANOID: boolean = readSysctl('kernel.perf_event_paranoid')! > 2
