import { MADE_BY_CALLER } from './transitions.ts'

/** Names by the numbers of include/net/tcp_states.h, as `sock_diag` calls them. */
const NAMES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
]

/** `STATE_13` for a number that this program has no name for. */
export function tcpStateName(state: number): string {
  return NAMES[state] ?? `STATE_${state}`
}

/** True where only the process that called connect(), listen(), shutdown() or close() makes this change itself. */
export function isMadeByCaller(from: number, to: number): boolean {
  return ((MADE_BY_CALLER.get(from) ?? 0) & (1 << to)) !== 0
}
