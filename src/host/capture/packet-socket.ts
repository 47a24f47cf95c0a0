import { EXIT, UserError } from '../../user-error.ts'
import * as libc from '../libc.ts'

const SOL_SOCKET = 1
const SO_ERROR = 4
/** What a packet socket reports once when its interface goes down or away. */
export const ENETDOWN = 100

/** The pending error of a socket, which reading clears; 0 for none. */
export function socketError(fd: number): number {
  const value = new Uint8Array(4)
  const length = new Uint8Array(Uint32Array.of(4).buffer)
  libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length)
  return new DataView(value.buffer).getInt32(0, true)
}

/** The interface a packet socket is bound to, from `struct sockaddr_ll`; -1 once that is gone. */
export function boundIndex(fd: number): number {
  const address = new Uint8Array(20)
  const length = new Uint8Array(Uint32Array.of(address.length).buffer)
  libc.getsockname(fd, address, length)
  return new DataView(address.buffer).getInt32(4, true)
}

export function vanishedInterface(name: string): UserError {
  return new UserError(`Cannot go on capturing on ${name}: the interface vanished`, {
    hint: 'what was captured until then is complete',
    exitCode: EXIT.input,
  })
}
