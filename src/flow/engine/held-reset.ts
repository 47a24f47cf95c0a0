import { SEGMENT_BYTES } from '../layout.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM, FLOW_RESET_HELD, FLOW_TAKEN_UP, SIDE_FIN } from '../marks.ts'
import { SYN_SENT } from '../state-numbers.ts'
import { RESET_EFFECTIVE, STEP_RESET } from '../steps.ts'
import { TROUBLE_ANOMALIES, TROUBLE_STEPS } from '../told.ts'
import { HELD_RESET } from '../trouble-words.ts'
import { late } from './host.ts'
import { literal } from './line.ts'
import { allocate } from './memory.ts'
import type { Flow } from './row.ts'
import { type Segment, segment } from './segment.ts'
import { get, set, troubleOf } from './trouble.ts'

/*
 * A reset that ends a connection is nearly always its last segment. Where the name of the verdict is all that is wanted
 * (TELL_RESETS_LATE) it is kept until something follows, or the flow leaves: by then the row says what it means, and to
 * have the docket judge it takes five times as long as all the rest of the connection.
 */

const REFUSED = literal('refused.reset')
const BY_PEER = literal('reset.by-peer')
const BY_US = literal('reset.by-us')

/** A segment, and behind it when its sender sent the one before. */
const NODE_BYTES = SEGMENT_BYTES + 8
/** First free node, linked through its first word. */
let free: usize = 0
/** The segment at hand, while another takes its place. */
const aside: usize = memory.data(SEGMENT_BYTES, 8)

/** Whether the segment at hand can wait: a reset that took effect, the first thing that matters to a verdict. */
export function isHoldable(): bool {
  const flow = segment.flow
  return (
    (segment.steps & TROUBLE_STEPS) == STEP_RESET &&
    segment.resetEffect == RESET_EFFECTIVE &&
    (segment.anomalies & TROUBLE_ANOMALIES) == 0 &&
    (flow.marks & FLOW_TAKEN_UP) == 0 &&
    ((flow.lower.marks | flow.upper.marks) & SIDE_FIN) == 0
  )
}

/** Keeps the segment at hand; `before` is when its sender sent the one before. */
export function holdReset(before: f64): void {
  let node = free
  if (node != 0) free = load<u32>(node)
  else node = allocate(NODE_BYTES, 8)
  memory.copy(node, changetype<usize>(segment), SEGMENT_BYTES)
  store<f64>(node, before, SEGMENT_BYTES)
  // Its packet will be gone.
  changetype<Segment>(node).options = 0
  set(troubleOf(segment.sender), HELD_RESET, u32(node))
  segment.flow.marks |= FLOW_RESET_HELD
}

/** Tells of the reset that is kept, as if it came now: of its flow nothing has changed since. */
export function tellHeld(flow: Flow): void {
  const node = nodeOf(flow)
  memory.copy(aside, changetype<usize>(segment), SEGMENT_BYTES)
  memory.copy(changetype<usize>(segment), node, SEGMENT_BYTES)
  const before = load<f64>(node, SEGMENT_BYTES)
  dropHeld(flow)
  late(before)
  memory.copy(changetype<usize>(segment), aside, SEGMENT_BYTES)
}

/** Keeps it no longer. */
export function dropHeld(flow: Flow): void {
  const node = nodeOf(flow)
  flow.marks &= ~FLOW_RESET_HELD
  // That of its sender.
  const direction = changetype<Segment>(node).direction
  set(flow.side(direction).trouble, HELD_RESET, 0)
  store<u32>(node, u32(free))
  free = node
}

/**
 * Name of the verdict on a flow that ended with the reset that is kept (a literal), 0 where the docket has to judge. As
 * its rules have it where nothing but the packets of a file is known (`FILE_PLANES`).
 */
export function plainVerdict(flow: Flow): usize {
  const reset = changetype<Segment>(nodeOf(flow))
  const isFromClient = reset.direction == flow.client
  const marks = flow.marks
  if ((marks & (FLOW_ESTABLISHED | FLOW_MIDSTREAM)) == 0) {
    const isAnswered = (flow.lower.synAckCount | flow.upper.synAckCount) != 0
    return isFromClient || isAnswered || reset.receiverFrom != SYN_SENT ? 0 : REFUSED
  }
  // A reset alone says nothing of a connection, one with another TTL can be a stranger's.
  if (flow.lower.packets + flow.upper.packets < 2) return 0
  const usual = flow.ttl(reset.direction)
  if (usual != 0 && usual != reset.ttl) return 0
  return isFromClient ? BY_US : BY_PEER
}

/** Where the segment is kept. */
function nodeOf(flow: Flow): usize {
  return get(flow.lower.trouble, HELD_RESET) | get(flow.upper.trouble, HELD_RESET)
}
