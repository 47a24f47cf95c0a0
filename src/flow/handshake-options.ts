import type { HandshakeOptions } from './event.ts'
import {
  OPTION_ECN,
  OPTION_FAST_OPEN_COOKIE,
  OPTION_FAST_OPEN_REQUEST,
  OPTION_MPTCP_CAPABLE,
  OPTION_MPTCP_JOIN,
  OPTION_MSS,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
} from './marks.ts'
import type { Mutable } from './mutable.ts'
import type { SideView } from './side-view.ts'

/** Options offered on a side's SYN or SYN+ACK; `undefined` when neither was seen. */
export function handshakeOptions(side: SideView): HandshakeOptions | undefined {
  if (side.synCount === 0 && side.synAckCount === 0) return undefined
  const bits = side.options
  const offer = side.scaleOffer
  const options: Mutable<HandshakeOptions> = {}
  if (bits & OPTION_MSS) options.mss = side.mss
  if (offer > 0) options.window_scale = offer - 1
  if (bits & OPTION_SACK_PERMITTED) options.sack_permitted = true
  if (bits & OPTION_TIMESTAMPS) options.timestamps = true
  if (bits & OPTION_FAST_OPEN_REQUEST) options.fast_open = 'request'
  if (bits & OPTION_FAST_OPEN_COOKIE) options.fast_open = 'cookie'
  if (bits & OPTION_MPTCP_CAPABLE) options.mptcp = 'capable'
  if (bits & OPTION_MPTCP_JOIN) options.mptcp = 'join'
  if (bits & OPTION_ECN) options.ecn = true
  return options
}
