import type { FlowView } from './flow-view.ts'
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
import { ESTABLISHED } from './state-numbers.ts'
import { hasGivenUp, type SynLadder } from './syn-ladder.ts'
import type { Nanos } from './time.ts'

/** How a TCP flow ended, as far as it has at `now` (the capture's clock). */
export function tcpOutcome(flow: FlowView, ladder: SynLadder, now: Nanos): Outcome {
  const marks = flow.marks
  const client = flow.side(flow.client)
  const server = client.peer
  if (marks & FLOW_REFUSED) return 'refused'
  // Both FINs went out: a reset after that only hurries the end.
  if (client.marks & server.marks & SIDE_FIN) return 'closed'
  if (marks & (FLOW_RESET | FLOW_RESET_PENDING)) return 'reset'
  if (marks & FLOW_MIDSTREAM) return 'midstream'
  if (marks & FLOW_ESTABLISHED) return 'established'
  if (client.proven >= ESTABLISHED && server.packets > 0) return 'established'
  const failed = icmpOutcome(flow.icmpError)
  if (failed !== undefined) return failed
  if (server.packets === 0) {
    const silence = now - client.lastTime
    if (marks & FLOW_TIMED_OUT || hasGivenUp(ladder, client.synCount - 1, silence)) return 'timeout'
  }
  return 'incomplete'
}

/** A UDP or ICMP flow counts as established once both sides were heard. */
export function datagramOutcome(flow: FlowView): Outcome {
  const failed = icmpOutcome(flow.icmpError)
  if (failed !== undefined) return failed
  return flow.lower.packets > 0 && flow.upper.packets > 0 ? 'established' : 'incomplete'
}

export function teardown(flow: FlowView): Teardown {
  const marks = flow.marks
  const client = flow.client
  const side = (direction: number) => (direction === client ? 'client' : 'server')
  const closer = flow.closer - 1
  const fins = [flow.lower, flow.upper].filter((at) => at.marks & SIDE_FIN)
  if (fins.length === 2) {
    if (marks & FLOW_SIMULTANEOUS_CLOSE) return { kind: 'simultaneous', initiator: side(closer) }
    return { kind: marks & FLOW_COMBINED_CLOSE ? 'three_way' : 'four_way', initiator: side(closer) }
  }
  if (marks & (FLOW_RESET | FLOW_RESET_PENDING))
    return { kind: 'reset', initiator: side(marks & FLOW_RESET_BY_UPPER ? 1 : 0) }
  if (fins.length === 1 && fins[0]!.marks & SIDE_FIN_ACKED)
    return { kind: 'half_close', initiator: side(closer) }
  return { kind: 'none', initiator: fins.length === 1 ? side(closer) : null }
}

/** `icmpError` is the column: index plus 1, 0 for none. */
function icmpOutcome(icmpError: number): Outcome | undefined {
  if (icmpError === 0) return undefined
  return icmpErrorAt(icmpError - 1).error === 'ECONNREFUSED' ? 'refused' : 'unreachable'
}
