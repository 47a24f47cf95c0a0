import type { FlowView } from '../flow/flow-view.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM } from '../flow/marks.ts'
import { NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'
import { ZERO_WINDOW_SECONDS } from '../sockets/limits.ts'
import type { Case } from './case.ts'
import { PMTU_TIMES, RETRANSMITTING_SECONDS, SYNS_WAITED } from './thresholds.ts'

/**
 * When a case is to be judged for what the packets of its flow (borrowed) showed so far; `Infinity` while nothing
 * calls for it. `isNews`: verdicts on what still goes on are wanted.
 */
export function nextDue(
  found: Case,
  flow: FlowView,
  { now, settle, isNews }: { readonly now: Nanos; readonly settle: Nanos; readonly isNews: boolean },
): number {
  const { wire } = found
  const { stuck, closedSince } = wire
  const soon = now + settle
  const client = flow.side(flow.client)
  const opening = (flow.marks & (FLOW_ESTABLISHED | FLOW_MIDSTREAM)) === 0
  let due = Number.POSITIVE_INFINITY
  if (wire.isEnded || (wire.isLasting && !opening)) due = soon
  const syns = Math.max(client.synCount, client.peer.synAckCount)
  if (opening && isNews && syns >= SYNS_WAITED && syns > found.judgedSyns) {
    found.judgedSyns = syns
    due = soon
  }
  if (stuck !== undefined) {
    const long = stuck.since + RETRANSMITTING_SECONDS * NANOS_PER_SECOND
    due = Math.min(due, stuck.times >= PMTU_TIMES ? soon : long)
  }
  if (closedSince !== undefined)
    due = Math.min(due, Math.max(soon, closedSince + ZERO_WINDOW_SECONDS * NANOS_PER_SECOND))
  return due
}
