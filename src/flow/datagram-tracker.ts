import { KIND_UDP, type PacketStack } from '../wire/stack.ts'
import { type FlowId, NO_FLOW } from './flow-id.ts'
import type { FlowKey } from './key.ts'
import { LETTER_DATA, LETTER_FLIPPED } from './letters.ts'
import { LIST_ICMP, LIST_UDP } from './list-numbers.ts'
import { comesFromServer } from './server-ports.ts'
import type { FlowStore } from './store.ts'
import type { Nanos } from './time.ts'

/** `SideView.letters`: the side's D is written. */
const WROTE_DATA = 1

/** Counts UDP and ICMP flows. `key` is the packet's; returns its row. */
export function trackDatagram(
  store: FlowStore,
  stack: PacketStack,
  key: FlowKey,
  time: Nanos,
  iface: number,
): FlowId {
  const { engine, flow } = store
  const { calls } = engine
  const udp = stack.kind === KIND_UDP
  const list = udp ? LIST_UDP : LIST_ICMP
  engine.setKey(key)
  let row = calls.find() as FlowId
  const isNew = row === NO_FLOW
  if (isNew) row = calls.open(list, time, iface) as FlowId
  flow.move(row)
  if (isNew) {
    const flipped = udp && comesFromServer(stack.sourcePort, stack.destinationPort)
    flow.client = flipped ? 1 - key.direction : key.direction
    if (flipped) flow.addHistory(LETTER_FLIPPED)
  }
  const side = flow.side(key.direction)
  side.packets++
  side.wireBytes += stack.payloadLength
  side.lastTime = time
  if (udp && side.letters === 0) {
    side.letters = WROTE_DATA
    flow.addHistory(flow.client === key.direction ? LETTER_DATA : LETTER_DATA | 0x20)
  }
  calls.place(row, list)
  return row
}
