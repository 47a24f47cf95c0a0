/** Loopback of the namespace, both families. */
export const HOSTS = ['127.0.0.1', '::1'] as const
/** Connections of each kind to each host: 8 kinds × 2 hosts × 40 = 640 connections, most with two ends here. */
export const PER_HOST = 40

/** One port for each kind of connection, named for the state that lasts on one of its ends. */
export const PORT = {
  established: 4000,
  synSent: 4001,
  synRecv: 4002,
  finWait1: 4003,
  lastAck: 4004,
  closeWait: 4005,
  timeWait: 4006,
  acceptQueue: 4007,
  dualStack: 4008,
} as const

/** The losses that make a state last: the SYN, the third ACK, the client's FIN, the server's FIN. */
export const RULES = `table inet lab {
  chain input {
    type filter hook input priority 0
    tcp dport ${PORT.synSent} drop
    tcp dport ${PORT.synRecv} tcp flags & (syn | ack) == ack drop
    tcp dport ${PORT.finWait1} tcp flags & fin == fin drop
    tcp sport ${PORT.lastAck} tcp flags & fin == fin drop
  }
}
`

/** How often each TCP state is there once the lab has settled; listeners: 7 ports × 2 hosts and one dual-stack. */
export const EXPECTED: Readonly<Record<string, number>> = {
  LISTEN: 15,
  SYN_SENT: 2 * PER_HOST,
  SYN_RECV: 2 * PER_HOST,
  FIN_WAIT1: 2 * PER_HOST,
  // Of the half-closed connections and of those whose server's FIN is lost.
  FIN_WAIT2: 2 * 2 * PER_HOST,
  CLOSE_WAIT: 2 * PER_HOST,
  LAST_ACK: 2 * PER_HOST,
  TIME_WAIT: 2 * PER_HOST,
  // Both ends of the established, dual-stack and waiting ones; one end each where the other's ACK or FIN is lost.
  ESTABLISHED: 2 * (2 + 2 + 1 + 1) * PER_HOST + 4,
}
