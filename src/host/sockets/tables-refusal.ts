import { existsSync } from 'node:fs'
import { SystemError } from '../libc.ts'
import { SockDiag } from './netlink.ts'

/**
 * Why the socket tables cannot be read at all: sock_diag is refused and /proc/net is masked, as in a locked-down
 * container. A table that is not there would pass for one without listeners. Costs one socket(), 5 µs.
 */
export function tablesRefusal(): string | undefined {
  try {
    new SockDiag().close()
    return undefined
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    // IPv4 is in every kernel: without its file the others say nothing either.
    return existsSync('/proc/thread-self/net/tcp')
      ? undefined
      : `${error.message}, and /proc/net/tcp is masked`
  }
}
