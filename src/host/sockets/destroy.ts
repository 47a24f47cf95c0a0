import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  inetDestroyRequest,
} from '../../sockets/diag-request.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { parseAddress } from '../../wire/address.ts'
import { SystemError } from '../libc.ts'
import { SockDiag } from './netlink.ts'

/** Kinds of sockets that the kernel can close from outside. */
export function canDestroy({ netid, cookie }: SocketRecord): boolean {
  return (netid === 'tcp' || netid === 'udp') && cookie !== null
}

/**
 * Closes sockets as `ss -K` does: the program gets ECONNABORTED, the other side a reset. Returns the errno's name for
 * each that could not be closed, ENOENT for one that was gone already.
 */
export function destroySockets(records: readonly SocketRecord[]): (string | undefined)[] {
  const diag = new SockDiag()
  try {
    return records.map((record) => {
      try {
        diag.destroy(requestFor(record))
        return undefined
      } catch (error) {
        if (error instanceof SystemError) return error.code
        throw error
      }
    })
  } finally {
    diag.close()
  }
}

function requestFor({ netid, family, local, remote, cookie }: SocketRecord): Uint8Array {
  const tuple = {
    source: parseAddress(local.addr!)!.words,
    sourcePort: local.port!,
    destination: parseAddress(remote.addr!)!.words,
    destinationPort: remote.port!,
  }
  const protocol = netid === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP
  return inetDestroyRequest(family === 'inet' ? AF_INET : AF_INET6, protocol, tuple, cookie!)
}
