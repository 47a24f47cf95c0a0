import type { SocketEndpoint, SocketRecord } from '../sockets/socket.ts'
import type { EndpointNames } from './socket-text.ts'

/**
 * A socket as a line of the JSON contract, with its newline. ASCII only: what a process calls itself could
 * otherwise reach a terminal as a control character (C1) or reorder the line (bidirectional overrides).
 */
export function socketJson(record: SocketRecord, time: string, names: EndpointNames): string {
  const { type, local, remote, ...rest } = record
  const { netid, family, socket_type, state, recv_q, send_q, ...facts } = rest
  return asciiJson({
    type,
    time,
    netid,
    family,
    socket_type,
    state,
    recv_q,
    send_q,
    local: named(local, names),
    remote: named(remote, names),
    ...facts,
  })
}

/** One line, ASCII only. */
export function asciiJson(record: object): string {
  return `${JSON.stringify(record).replace(/[\u007f-\uffff]/g, escaped)}\n`
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function named(end: SocketEndpoint, names: EndpointNames): SocketEndpoint {
  const name = end.addr === undefined ? undefined : names.host(end.addr)
  return name === undefined ? end : { ...end, name }
}
