import { SIDE_FIN, SIDE_INITIAL_KNOWN } from './marks.ts'
import type { ConnState } from './record.ts'
import type { SideView } from './side-view.ts'
import {
  ZEEK_CLOSED,
  ZEEK_ESTABLISHED,
  ZEEK_INACTIVE,
  ZEEK_PARTIAL,
  ZEEK_RESET,
  ZEEK_SYN_ACK_SENT,
  ZEEK_SYN_SENT,
} from './zeek-states.ts'

/** Length of the stream that a side sent, in bytes: from sequence numbers, so missed bytes count. */
export function streamLength(side: SideView): number {
  if ((side.marks & SIDE_INITIAL_KNOWN) === 0) return 0
  const initial = side.initial
  // An attempt that was given up with a reset cannot have sent anything.
  const aborted =
    side.zeekBefore === ZEEK_SYN_SENT &&
    side.zeekState === ZEEK_RESET &&
    side.peer.zeekState === ZEEK_INACTIVE
  const acked = side.acked + side.ackedWraps * 2 ** 32
  if (aborted && acked !== initial && acked !== initial + 1) return 0
  const last = side.zeekLast + side.lastWraps * 2 ** 32
  let size = Math.max(last, acked) - initial
  if (size > 0) size-- // the SYN's number
  if (size > 0 && side.marks & SIDE_FIN) size-- // the FIN's
  return Math.max(size, 0)
}

/** Zeek's conn_state of a TCP flow; the tests stand in the order in which Zeek makes them. */
export function connState(client: SideView, server: SideView, history: string): ConnState {
  const o = client.zeekState
  const r = server.zeekState
  const clientInactive = o === ZEEK_INACTIVE || o === ZEEK_PARTIAL
  const serverInactive = r === ZEEK_INACTIVE || r === ZEEK_PARTIAL
  if (r === ZEEK_RESET) {
    const empty = streamLength(client) === 0 && streamLength(server) === 0
    if (o === ZEEK_SYN_SENT || o === ZEEK_SYN_ACK_SENT || (o === ZEEK_RESET && empty)) return 'REJ'
    return clientInactive ? 'RSTRH' : 'RSTR'
  }
  if (o === ZEEK_RESET) {
    if (serverInactive) return /^\^?S[^HAFGIQ]*R/.test(history) ? 'RSTOS0' : 'OTH'
    return 'RSTO'
  }
  if (o === ZEEK_CLOSED && r === ZEEK_CLOSED) return 'SF'
  if (o === ZEEK_CLOSED) return serverInactive ? 'SH' : 'S2'
  if (r === ZEEK_CLOSED) return clientInactive ? 'SHR' : 'S3'
  if (o === ZEEK_SYN_SENT && r === ZEEK_INACTIVE) return 'S0'
  if (o === ZEEK_ESTABLISHED && r === ZEEK_ESTABLISHED) return 'S1'
  return 'OTH'
}
