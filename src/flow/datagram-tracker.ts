import { KIND_UDP, type PacketStack } from '../wire/stack.ts'
import { LETTER_DATA } from './history.ts'
import type { FlowKey } from './key.ts'
import { LIST_ICMP, LIST_UDP } from './lists.ts'
import { comesFromServer } from './server-ports.ts'
import type { FlowStore } from './store.ts'
import { type FlowId, NO_FLOW } from './table.ts'
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
  const { table, lists, flow } = store
  const udp = stack.kind === KIND_UDP
  const list = udp ? LIST_UDP : LIST_ICMP
  let row = table.find(key)
  if (row === NO_FLOW) {
    row = store.open(key, list, time, iface)
    const flipped = udp && comesFromServer(stack.sourcePort, stack.destinationPort)
    flow.client = flipped ? 1 - key.direction : key.direction
    if (flipped) store.histories.flip(flow)
  } else flow.move(row)
  const side = flow.side(key.direction)
  side.packets++
  side.wireBytes += stack.payloadLength
  side.lastTime = time
  if (udp && side.letters === 0) {
    side.letters = WROTE_DATA
    store.histories.add(flow, LETTER_DATA, flow.client !== key.direction)
  }
  lists.move(table.memory, row, list)
  return row
}
