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
  const [ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN] = [
    1, 2, 3, 4, 7, 8, 9, 10,
  ]
  if (to === LISTEN) return true
  if (from === CLOSE) return to === SYN_SENT
  if (from === LISTEN) return to === CLOSE
  if (from === ESTABLISHED || from === SYN_RECV) return to === FIN_WAIT1
  return from === CLOSE_WAIT && to === LAST_ACK
}
