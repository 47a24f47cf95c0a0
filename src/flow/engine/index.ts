import { KEY_BYTES } from '../layout.ts'
import { FLOW_RESET_HELD } from '../marks.ts'
import {
  byteCount,
  bytesAt,
  columnRows,
  columnsAt,
  ethernet,
  reserveBytes,
  reserveRows,
  run,
  setBase,
  shortCuts,
  wireBytes,
} from './batch.ts'
import { event } from './event.ts'
import { facts, gatherFacts } from './facts.ts'
import { verdict } from './flow-line.ts'
import { tellHeld } from './held-reset.ts'
import { configure } from './host.ts'
import { setOrigin } from './json-parts.ts'
import { hashOf } from './key.ts'
import { handOver } from './line.ts'
import { place as placeFlow } from './lists.ts'
import { freshTouched, growFresh, leftBytes, takenBytes } from './memory.ts'
import { icmpOutcomes, patience, tcpOutcome } from './outcome.ts'
import { serverPorts } from './ports.ts'
import { walk, walkedRows } from './records.ts'
import { flowAt } from './row.ts'
import { segment } from './segment.ts'
import { cells } from './states.ts'
import { closeDue, close as closeFlow, evicted, finish, open as openFlow } from './store.ts'
import { ladders } from './syn-again.ts'
import { find as findRow, serials, size } from './table.ts'
import { takeSegment } from './tcp-tracker.ts'

// What the host calls; `FlowEngine` says what each takes and gives.

export {
  byteCount,
  bytesAt,
  closeDue,
  columnRows,
  columnsAt,
  configure,
  finish,
  freshTouched,
  growFresh,
  handOver,
  leftBytes,
  reserveBytes,
  reserveRows,
  run,
  setBase,
  setOrigin,
  takenBytes,
  walk,
  walkedRows,
  wireBytes,
}

/** Keys that the host writes: of the packet at hand, and of a flow that it looks for. */
const key: usize = memory.data(KEY_BYTES, 8)
const wanted: usize = memory.data(KEY_BYTES, 8)

export function keyAt(): usize {
  return key
}
export function wantedAt(): usize {
  return wanted
}
export function segmentAt(): usize {
  return changetype<usize>(segment)
}
export function eventAt(): usize {
  return changetype<usize>(event)
}
export function laddersAt(): usize {
  return ladders
}
export function cellsAt(): usize {
  return cells
}
export function factsAt(): usize {
  return facts
}
export function icmpOutcomesAt(): usize {
  return icmpOutcomes
}
export function patienceAt(): usize {
  return patience
}
export function verdictAt(): usize {
  return verdict
}
export function serverPortsAt(): usize {
  return serverPorts
}
export function ethernetAt(): usize {
  return ethernet
}

export function flowCount(): u32 {
  return serials
}
export function shortCutCount(): u32 {
  return shortCuts
}
export function heldCount(): u32 {
  return size
}
export function evictedCount(): u32 {
  return evicted
}

/** The row of the flow with the packet's key, 0 when there is none. */
export function find(): u32 {
  return findRow(key, hashOf(key))
}
export function findWanted(): u32 {
  return findRow(wanted, hashOf(wanted))
}

/** Takes the segment that was filled in, with the packet's key; returns its row. */
export function take(): u32 {
  return takeSegment(key, findRow(key, hashOf(key)))
}

/** A new flow with the packet's key. */
export function open(list: i32, time: f64, iface: i32): u32 {
  return openFlow(key, list, time, iface).row
}

export function place(row: u32, list: i32): void {
  placeFlow(flowAt(row), list)
}

export function close(row: u32, now: f64): void {
  closeFlow(flowAt(row), now)
}

/** Tells of a reset of the row that was kept. */
export function tellKept(row: u32): void {
  const flow = flowAt(row)
  if (flow.marks & FLOW_RESET_HELD) tellHeld(flow)
}

/** Computes the facts of a row's record. */
export function gather(row: u32, now: f64): void {
  gatherFacts(flowAt(row), now)
}

/** How a TCP flow ended, as far as it has. */
export function outcome(row: u32, now: f64): i32 {
  return tcpOutcome(flowAt(row), now)
}
