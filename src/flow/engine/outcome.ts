import { LADDER_STEPS, NOBODY } from '../facts-layout.ts'
import {
  FLOW_COMBINED_CLOSE,
  FLOW_ESTABLISHED,
  FLOW_MIDSTREAM,
  FLOW_REFUSED,
  FLOW_RESET,
  FLOW_RESET_BY_UPPER,
  FLOW_RESET_PENDING,
  FLOW_SIMULTANEOUS_CLOSE,
  FLOW_TIMED_OUT,
  SIDE_FIN,
  SIDE_FIN_ACKED,
} from '../marks.ts'
import * as word from '../record-words.ts'
import { ESTABLISHED } from '../state-numbers.ts'
import type { Flow } from './row.ts'

/**
 * What the host writes once: the outcome for each value of a row's `icmpError`, a byte each, and for how long a client
 * that sent the SYN again n - 1 times waits (`syn-ladder.ts`), nanoseconds, a double each from n = 0 on.
 */
export const icmpOutcomes: usize = memory.data(256)
export const patience: usize = memory.data(LADDER_STEPS * 8, 8)

/** How a TCP flow ended, as far as it has at `now` (the capture's clock). */
export function tcpOutcome(flow: Flow, now: f64): i32 {
  const marks = flow.marks
  const client = flow.side(flow.client)
  const server = flow.side(1 - flow.client)
  if (marks & FLOW_REFUSED) return word.OUTCOME_REFUSED
  // Both FINs went out: a reset after that only hurries the end.
  if (client.marks & server.marks & SIDE_FIN) return word.OUTCOME_CLOSED
  if (marks & (FLOW_RESET | FLOW_RESET_PENDING)) return word.OUTCOME_RESET
  if (marks & FLOW_MIDSTREAM) return word.OUTCOME_MIDSTREAM
  if (marks & FLOW_ESTABLISHED) return word.OUTCOME_ESTABLISHED
  if (client.proven >= ESTABLISHED && server.packets > 0) return word.OUTCOME_ESTABLISHED
  if (flow.icmpError != 0) return load<u8>(icmpOutcomes + flow.icmpError)
  if (server.packets == 0) {
    const silence = now - client.lastTime
    if ((marks & FLOW_TIMED_OUT) != 0 || silence > patienceAfter(client.synCount)) return word.OUTCOME_TIMEOUT
  }
  return word.OUTCOME_INCOMPLETE
}

/** A UDP or ICMP flow counts as established once both sides were heard. */
export function datagramOutcome(flow: Flow): i32 {
  if (flow.icmpError != 0) return load<u8>(icmpOutcomes + flow.icmpError)
  return flow.lower.packets > 0 && flow.upper.packets > 0 ? word.OUTCOME_ESTABLISHED : word.OUTCOME_INCOMPLETE
}

/** How a TCP flow was taken down. */
export function teardownKind(flow: Flow): i32 {
  const marks = flow.marks
  const lower = flow.lower.marks
  const upper = flow.upper.marks
  if (lower & upper & SIDE_FIN) {
    if (marks & FLOW_SIMULTANEOUS_CLOSE) return word.TEARDOWN_SIMULTANEOUS
    return marks & FLOW_COMBINED_CLOSE ? word.TEARDOWN_THREE_WAY : word.TEARDOWN_FOUR_WAY
  }
  if (marks & (FLOW_RESET | FLOW_RESET_PENDING)) return word.TEARDOWN_RESET
  const isAcked = (lower & SIDE_FIN ? lower : upper) & SIDE_FIN_ACKED
  return (lower | upper) & SIDE_FIN && isAcked ? word.TEARDOWN_HALF_CLOSE : word.TEARDOWN_NONE
}

/** Who began the teardown of this kind: 0 is the client, 1 the server, 2 nobody. */
export function initiator(flow: Flow, kind: i32): i32 {
  if (kind == word.TEARDOWN_RESET) return sideOf(flow, flow.marks & FLOW_RESET_BY_UPPER ? 1 : 0)
  if (kind == word.TEARDOWN_NONE && ((flow.lower.marks | flow.upper.marks) & SIDE_FIN) == 0) return NOBODY
  return sideOf(flow, flow.closer - 1)
}

function sideOf(flow: Flow, direction: i32): i32 {
  return direction == flow.client ? 0 : 1
}

function patienceAfter(syns: i32): f64 {
  return load<f64>(patience + (usize(min(syns, LADDER_STEPS - 1)) << 3))
}
