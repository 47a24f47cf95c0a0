import type { PacketStack } from '../wire/stack.ts'

/** Types that are asked and answered (RFC 792, 950, 1256, 4443, 4861, 2710): the other one's type. */
const COUNTERPARTS_V4 = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [17, 18],
  [18, 17],
  [10, 9],
  [9, 10],
])
const COUNTERPARTS_V6 = new Map([
  [128, 129],
  [129, 128],
  [133, 134],
  [134, 133],
  [135, 136],
  [136, 135],
  [130, 131],
  [131, 130],
  [144, 145],
  [145, 144],
])

/**
 * ICMP has no ports: a message's type stands for the sender's, the type of the answer (or the code, where there
 * is none) for the receiver's, as the Community ID defines it. Source << 16 | destination.
 */
export function icmpPorts(stack: PacketStack): number {
  const v4 = stack.family === 4
  const icmp = v4 ? stack.icmp : stack.icmp6
  const type = icmp.type
  const counterpart = (v4 ? COUNTERPARTS_V4 : COUNTERPARTS_V6).get(type)
  return ((type << 16) | (counterpart ?? icmp.code)) >>> 0
}
