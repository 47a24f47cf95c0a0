/** States of a TCP socket by the kernel's numbers (include/net/tcp_states.h), which count from 1. */
export const TCP_STATES = [
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
  'BOUND_INACTIVE',
] as const

export type TcpState = (typeof TCP_STATES)[number]

/** `undefined` for a number that no state has. */
export function tcpState(number: number): TcpState | undefined {
  return TCP_STATES[number - 1]
}

/** Bit of a state in a mask of the kernel's, 1 << number. */
export function tcpStateBit(state: TcpState): number {
  return 2 << TCP_STATES.indexOf(state)
}
