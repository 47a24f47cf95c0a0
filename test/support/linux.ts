import { release } from 'node:os'
import { Tracefs } from '../../src/host/kernel/tracefs.ts'

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
