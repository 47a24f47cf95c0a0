import { icmpErrorAt } from './icmp-error.ts'
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
} from './marks.ts'
import type { Outcome, Teardown } from './record.ts'
import { hasGivenUp, type SynLadder } from './syn-ladder.ts'
import type { FlowTable } from './table.ts'
import { ESTABLISHED } from './tcp-state.ts'
import type { Nanos } from './time.ts'

/** How a TCP flow ended, as far as it has at `now` (the capture's clock). */
export function tcpOutcome(table: FlowTable, row: number, ladder: SynLadder, now: Nanos): Outcome {
  const { columns, sides } = table
  const marks = columns.marks[row]!
  const client = row * 2 + columns.client[row]!
  const server = client ^ 1
  if (marks & FLOW_REFUSED) return 'refused'
  // Both FINs went out: a reset after that only hurries the end.
  if (sides.marks[client]! & sides.marks[server]! & SIDE_FIN) return 'closed'
  if (marks & (FLOW_RESET | FLOW_RESET_PENDING)) return 'reset'
  if (marks & FLOW_MIDSTREAM) return 'midstream'
  if (marks & FLOW_ESTABLISHED) return 'established'
  if (sides.proven[client]! >= ESTABLISHED && sides.packets[server]! > 0) return 'established'
  const failed = icmpOutcome(columns.icmpError[row]!)
  if (failed !== undefined) return failed
  if (sides.packets[server] === 0) {
    const silence = now - sides.lastTime[client]!
    if (marks & FLOW_TIMED_OUT || hasGivenUp(ladder, sides.synCount[client]! - 1, silence)) return 'timeout'
  }
  return 'incomplete'
}

/** A UDP or ICMP flow counts as established once both sides were heard. */
export function datagramOutcome(table: FlowTable, row: number): Outcome {
  const failed = icmpOutcome(table.columns.icmpError[row]!)
  if (failed !== undefined) return failed
  const { packets } = table.sides
  return packets[row * 2]! > 0 && packets[row * 2 + 1]! > 0 ? 'established' : 'incomplete'
}

export function teardown(table: FlowTable, row: number): Teardown {
  const { columns, sides } = table
  const marks = columns.marks[row]!
  const client = columns.client[row]!
  const side = (direction: number) => (direction === client ? 'client' : 'server')
  const closer = columns.closer[row]! - 1
  const fins = [row * 2, row * 2 + 1].filter((at) => sides.marks[at]! & SIDE_FIN)
  if (fins.length === 2) {
    if (marks & FLOW_SIMULTANEOUS_CLOSE) return { kind: 'simultaneous', initiator: side(closer) }
    return { kind: marks & FLOW_COMBINED_CLOSE ? 'three_way' : 'four_way', initiator: side(closer) }
  }
  if (marks & (FLOW_RESET | FLOW_RESET_PENDING))
    return { kind: 'reset', initiator: side(marks & FLOW_RESET_BY_UPPER ? 1 : 0) }
  if (fins.length === 1 && sides.marks[fins[0]!]! & SIDE_FIN_ACKED)
    return { kind: 'half_close', initiator: side(closer) }
  return { kind: 'none', initiator: fins.length === 1 ? side(closer) : null }
}

/** `icmpError` is the column: index plus 1, 0 for none. */
function icmpOutcome(icmpError: number): Outcome | undefined {
  if (icmpError === 0) return undefined
  return icmpErrorAt(icmpError - 1).error === 'ECONNREFUSED' ? 'refused' : 'unreachable'
}
