import type { SocketState } from './socket.ts'

const TCP_STATES = [
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
  'UNCONN',
] as const satisfies readonly SocketState[]

const NOT_CONNECTED: readonly SocketState[] = ['CLOSE', 'UNCONN', 'BOUND_INACTIVE', 'LISTEN']
const MINI_SOCKETS: readonly SocketState[] = ['SYN_RECV', 'NEW_SYN_RECV', 'TIME_WAIT']

function allBut(...left: SocketState[]): readonly SocketState[] {
  return TCP_STATES.filter((state) => !left.includes(state))
}

/** The groups of ss(8), with its meaning. */
const GROUPS: Readonly<Record<string, readonly SocketState[]>> = {
  all: TCP_STATES,
  connected: allBut(...NOT_CONNECTED),
  synchronized: allBut(...NOT_CONNECTED, 'SYN_SENT'),
  bucket: MINI_SOCKETS,
  big: allBut(...MINI_SOCKETS),
}

/** Spellings that differ from the state by more than case and `-` `_`; ss calls every closed socket UNCONN. */
const ALIASES: Readonly<Record<string, readonly SocketState[]>> = {
  estab: ['ESTABLISHED'],
  synrecv: ['SYN_RECV', 'NEW_SYN_RECV'],
  listening: ['LISTEN'],
  close: ['CLOSE', 'UNCONN'],
  closed: ['CLOSE', 'UNCONN'],
  unconn: ['CLOSE', 'UNCONN'],
  unconnected: ['CLOSE', 'UNCONN'],
}

const BY_LETTERS = new Map<string, readonly SocketState[]>([
  ...TCP_STATES.map((state): [string, readonly SocketState[]] => [letters(state), [state]]),
  ...Object.entries(ALIASES),
  ...Object.entries(GROUPS),
])

function letters(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}

/** The states that a name or group stands for, in any spelling in use (`ESTAB`, `syn-recv`, `FIN_WAIT_1`, …). */
export function statesNamed(name: string): readonly SocketState[] | undefined {
  return BY_LETTERS.get(letters(name))
}

/** The states that `-l` means: TCP listeners, and datagram and raw sockets without a peer. */
export const LISTENING_STATES: readonly SocketState[] = ['LISTEN', 'CLOSE', 'UNCONN', 'BOUND_INACTIVE']

/** The states that ss shows when nothing is said. */
export const CONNECTED_STATES: readonly SocketState[] = allBut(...NOT_CONNECTED, ...MINI_SOCKETS)

/** Bits of a request's state mask, 1 << number of the state; a half-open request is asked for by both of its names. */
export const STATE_BITS: Readonly<Record<SocketState, number>> = {
  ESTABLISHED: 1 << 1,
  SYN_SENT: 1 << 2,
  SYN_RECV: (1 << 3) | (1 << 12),
  FIN_WAIT1: 1 << 4,
  FIN_WAIT2: 1 << 5,
  TIME_WAIT: 1 << 6,
  CLOSE: 1 << 7,
  CLOSE_WAIT: 1 << 8,
  LAST_ACK: 1 << 9,
  LISTEN: 1 << 10,
  CLOSING: 1 << 11,
  NEW_SYN_RECV: (1 << 3) | (1 << 12),
  BOUND_INACTIVE: 1 << 13,
  UNCONN: 1 << 7,
}
