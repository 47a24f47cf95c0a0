import type { SocketProcess, SocketState } from '../sockets/socket.ts'
import { sanitize } from './sanitize.ts'
import type { SocketColumn } from './socket-columns.ts'

/** The states as ss(8) writes them. */
const STATES: Readonly<Record<SocketState, string>> = {
  ESTABLISHED: 'ESTAB',
  SYN_SENT: 'SYN-SENT',
  SYN_RECV: 'SYN-RECV',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  TIME_WAIT: 'TIME-WAIT',
  CLOSE: 'UNCONN',
  CLOSE_WAIT: 'CLOSE-WAIT',
  LAST_ACK: 'LAST-ACK',
  LISTEN: 'LISTEN',
  CLOSING: 'CLOSING',
  NEW_SYN_RECV: 'SYN-RECV',
  BOUND_INACTIVE: 'UNCONN',
  UNCONN: 'UNCONN',
}

/** Columns for `--format ss`: the same words in the same places as ss(8), for scripts that read those. */
export function ssColumns(columns: readonly SocketColumn[]): SocketColumn[] {
  return columns.map((column) => {
    if (column.name === 'state') return { ...column, text: ({ state }) => STATES[state] }
    if (column.name === 'local') return { ...column, header: 'Local Address:Port' }
    if (column.name === 'remote') return { ...column, header: 'Peer Address:Port' }
    if (column.name === 'process') return { ...column, text: ({ processes }) => usersText(processes) }
    return column
  })
}

/** `users:(("nginx",pid=77,fd=6),("nginx",pid=78,fd=6))` */
function usersText(processes: readonly SocketProcess[]): string {
  const users = processes.map(({ comm, pid, tid, fd }) => {
    const thread = tid === undefined ? '' : `,tid=${tid}`
    return `("${sanitize(comm)}",pid=${pid}${thread},fd=${fd})`
  })
  return users.length === 0 ? '' : `users:(${users.join(',')})`
}
