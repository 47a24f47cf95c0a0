import { TCP_STATES, tcpStateBit } from '../wire/tcp-states.ts'
import type { SocketState } from './socket.ts'

const STATES: readonly SocketState[] = [...TCP_STATES, 'UNCONN']

const NOT_CONNECTED: readonly SocketState[] = ['CLOSE', 'UNCONN', 'BOUND_INACTIVE', 'LISTEN']
const MINI_SOCKETS: readonly SocketState[] = ['SYN_RECV', 'NEW_SYN_RECV', 'TIME_WAIT']

function allBut(...left: SocketState[]): readonly SocketState[] {
  return STATES.filter((state) => !left.includes(state))
}

/** The groups of ss(8), with its meaning. */
const GROUPS: Readonly<Record<string, readonly SocketState[]>> = {
  all: STATES,
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
  ...STATES.map((state): [string, readonly SocketState[]] => [letters(state), [state]]),
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

/** Bits of a request's state mask, 1 << number of the state. */
export const STATE_BITS = Object.fromEntries(STATES.map((state) => [state, bitOf(state)])) as Readonly<
  Record<SocketState, number>
>

/** A half-open request is asked for by both of its names. */
function bitOf(state: SocketState): number {
  if (state === 'SYN_RECV' || state === 'NEW_SYN_RECV')
    return tcpStateBit('SYN_RECV') | tcpStateBit('NEW_SYN_RECV')
  return tcpStateBit(state === 'UNCONN' ? 'CLOSE' : state)
}
