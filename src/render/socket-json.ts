import type { SocketEndpoint, SocketRecord } from '../sockets/socket.ts'
import { troubleOf } from '../sockets/trouble.ts'
import { jsonLine } from './json-text.ts'
import type { EndpointNames } from './socket-text.ts'
import type { Stamp } from './time.ts'

/** A socket as a line of the JSON contract, with its newline. */
export function socketJson(record: SocketRecord, stamp: Stamp, names: EndpointNames): string {
  const { type, local, remote, ...rest } = record
  const { netid, family, socket_type, state, recv_q, send_q, ...facts } = rest
  return jsonLine({
    type,
    ...stamp,
    netid,
    family,
    socket_type,
    state,
    recv_q,
    send_q,
    local: named(local, names),
    remote: named(remote, names),
    ...facts,
    trouble: troubleOf(record),
  })
}

function named(end: SocketEndpoint, names: EndpointNames): SocketEndpoint {
  const name = end.addr === undefined ? undefined : names.host(end.addr)
  return name === undefined ? end : { ...end, name }
}
