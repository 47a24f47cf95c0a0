import { SCALE_UNKNOWN } from '../anomalies.ts'
import { HISTORY_BYTES, HISTORY_LENGTH, TELL_CLOSED, TELL_FLOW_LINES } from '../layout.ts'
import { LIST_ATTEMPTS, LIST_ENDED, LIST_ICMP, LIST_OPEN, LIST_UDP } from '../list-numbers.ts'
import { FLOW_ESTABLISHED, FLOW_RESET_HELD, FLOW_TAKEN_UP, FLOW_TIMED_OUT } from '../marks.ts'
import { LISTEN, SYN_RECV } from '../state-numbers.ts'
import { bySerial } from './by-serial.ts'
import { NO_VERDICT, putFlow, verdict } from './flow-line.ts'
import { clearGaps } from './gaps.ts'
import { dropHeld, plainVerdict, tellHeld } from './held-reset.ts'
import { clearHistory } from './history.ts'
import { closed, maxFlows, told } from './host.ts'
import { first, place, unlist } from './lists.ts'
import { type Flow, flowAt, type Side } from './row.ts'
import { clearQueue } from './rtt.ts'
import { clear, insert, remove, size } from './table.ts'
import { releaseTrouble } from './trouble.ts'

/** Flows that had to leave early because `maxFlows` were held. */
export let evicted: u32 = 0

/** Puts the flow with this key on a new row on `list`, evicting another when the table is full. */
export function open(key: usize, list: i32, time: f64, iface: i32): Flow {
  if (size >= maxFlows) evict(time)
  const flow = insert(key)
  flow.start = time
  flow.iface = iface
  begin(flow.lower)
  begin(flow.upper)
  place(flow, list)
  return flow
}

/** Tells of all flows, in order of their serials, that they end here. Their rows are not freed: nothing comes after it. */
export function finish(now: f64): void {
  const rows = bySerial()
  for (let at = rows, end = rows + (usize(size) << 3); at < end; at += 8) conclude(flowAt(load<u32>(at)), now)
  clear()
}

/** Tells that the flow is over and frees its row. */
export function close(flow: Flow, now: f64): void {
  conclude(flow, now)
  if (flow.marks & FLOW_RESET_HELD) dropHeld(flow)
  release(flow.lower)
  release(flow.upper)
  clearHistory(flow)
  unlist(flow)
  remove(flow)
}

function conclude(flow: Flow, now: f64): void {
  const isHeld = (flow.marks & FLOW_RESET_HELD) != 0
  if ((told & TELL_FLOW_LINES) != 0 && i32(load<u8>(flow.address, HISTORY_LENGTH)) < HISTORY_BYTES) {
    const known = isHeld ? plainVerdict(flow) : NO_VERDICT
    if (isHeld ? known != 0 : wentWell(flow)) {
      putFlow(flow, now, known)
      return
    }
  }
  if (isHeld) tellHeld(flow)
  if ((told & TELL_CLOSED) != 0 && closed(flow.row, now)) putFlow(flow, now, verdict)
}

/** Whether it was established, and nobody has anything to say of it. */
function wentWell(flow: Flow): bool {
  return (
    (flow.marks & (FLOW_ESTABLISHED | FLOW_TAKEN_UP)) == FLOW_ESTABLISHED &&
    flow.lower.expected != SYN_RECV &&
    flow.upper.expected != SYN_RECV
  )
}

/** Closes the flows on `list` that have waited for `wait` nanoseconds at `now`. */
export function closeDue(list: i32, wait: f64, now: f64): void {
  for (let row = first(list); row != 0; row = first(list)) {
    const flow = flowAt(row)
    const since = list == LIST_ATTEMPTS ? flow.start : max(flow.lower.lastTime, flow.upper.lastTime)
    if (since + wait > now) return
    if (list == LIST_ATTEMPTS) flow.marks |= FLOW_TIMED_OUT
    close(flow, now)
  }
}

/** Gives back what the side holds outside its row. */
function release(side: Side): void {
  clearQueue(side)
  const trouble = side.trouble
  if (trouble == 0) return
  clearGaps(trouble)
  releaseTrouble(trouble)
}

/** Who has to go first when the table is full: what is over, then what never opened, then the rest. */
function evict(now: f64): void {
  let row = first(LIST_ENDED)
  if (row == 0) row = first(LIST_ATTEMPTS)
  if (row == 0) row = first(LIST_ICMP)
  if (row == 0) row = first(LIST_UDP)
  if (row == 0) row = first(LIST_OPEN)
  if (row == 0) return
  evicted++
  close(flowAt(row), now)
}

function begin(side: Side): void {
  side.scale = SCALE_UNKNOWN
  side.proven = LISTEN
  side.expected = LISTEN
}
