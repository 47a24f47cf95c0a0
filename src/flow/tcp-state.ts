import type { TcpState } from './event.ts'
import { STATE_NAMES } from './record-words.ts'

/**
 * Every TCP transition that an observer draws from a segment, RFC 9293 sections 3.5, 3.6 and 3.10.7.
 * Everything that decides what state an endpoint is in lives in this file; docs/tcp-states.md is made from it.
 */

/** The states, in the order of their numbers. */
export const STATES = STATE_NAMES satisfies readonly TcpState[]

/**
 * What a segment is to the state machine. One segment can be several, taken in this order: an
 * acknowledgement takes effect before the FIN that it travels with.
 */
export const INPUTS = [
  /** SYN without ACK. */
  'SYN',
  /** SYN with an acceptable ACK. */
  'SYN_ACK',
  /** An acceptable ACK without SYN: it covers the receiver's SYN and nothing that was never sent. */
  'ACK',
  /** An ACK that covers the receiver's FIN. */
  'ACK_OF_FIN',
  'FIN',
  /** A reset that takes effect (RFC 5961 section 3.2). */
  'RST',
] as const

type Input = (typeof INPUTS)[number]

type Transitions = Readonly<Record<TcpState, Readonly<Partial<Record<Input, TcpState>>>>>

/**
 * What sending a segment proves about its sender: it was allowed to send it, so it is now in this state.
 * A missing cell proves nothing new.
 */
export const SENDER: Transitions = {
  CLOSED: { SYN: 'SYN_SENT' },
  LISTEN: { SYN: 'SYN_SENT', SYN_ACK: 'SYN_RECV', ACK: 'ESTABLISHED', FIN: 'FIN_WAIT1', RST: 'CLOSED' },
  SYN_SENT: { SYN_ACK: 'SYN_RECV', ACK: 'ESTABLISHED', FIN: 'FIN_WAIT1', RST: 'CLOSED' },
  SYN_RECV: { SYN: 'SYN_SENT', ACK: 'ESTABLISHED', FIN: 'FIN_WAIT1', RST: 'CLOSED' },
  ESTABLISHED: { ACK_OF_FIN: 'CLOSE_WAIT', FIN: 'FIN_WAIT1', RST: 'CLOSED' },
  FIN_WAIT1: { ACK_OF_FIN: 'CLOSING', RST: 'CLOSED' },
  FIN_WAIT2: { ACK_OF_FIN: 'TIME_WAIT', RST: 'CLOSED' },
  CLOSING: { RST: 'CLOSED' },
  TIME_WAIT: { RST: 'CLOSED' },
  CLOSE_WAIT: { FIN: 'LAST_ACK', RST: 'CLOSED' },
  LAST_ACK: { RST: 'CLOSED' },
}

/**
 * What a segment will make of its receiver when it arrives. Expected only: it can be lost behind the
 * observer. A missing cell changes nothing.
 */
export const RECEIVER: Transitions = {
  CLOSED: { SYN: 'SYN_RECV' },
  LISTEN: { SYN: 'SYN_RECV' },
  SYN_SENT: { SYN: 'SYN_RECV', SYN_ACK: 'ESTABLISHED', RST: 'CLOSED' },
  SYN_RECV: { SYN_ACK: 'ESTABLISHED', ACK: 'ESTABLISHED', FIN: 'CLOSE_WAIT', RST: 'LISTEN' },
  ESTABLISHED: { FIN: 'CLOSE_WAIT', RST: 'CLOSED' },
  FIN_WAIT1: { ACK_OF_FIN: 'FIN_WAIT2', FIN: 'CLOSING', RST: 'CLOSED' },
  FIN_WAIT2: { FIN: 'TIME_WAIT', RST: 'CLOSED' },
  CLOSING: { ACK_OF_FIN: 'TIME_WAIT', RST: 'CLOSED' },
  TIME_WAIT: { RST: 'CLOSED' },
  CLOSE_WAIT: { RST: 'CLOSED' },
  LAST_ACK: { ACK_OF_FIN: 'CLOSED', RST: 'CLOSED' },
}

/** The same for the engine: a byte a cell, the inputs of a state side by side. */
export const SENDER_CELLS = compile(SENDER)
export const RECEIVER_CELLS = compile(RECEIVER)

function compile(transitions: Transitions): Uint8Array {
  return Uint8Array.from(
    STATES.flatMap((state) => INPUTS.map((input) => STATES.indexOf(transitions[state][input] ?? state))),
  )
}
