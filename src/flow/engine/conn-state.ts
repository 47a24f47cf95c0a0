import {
  LETTER_ACK,
  LETTER_FIN,
  LETTER_FIN_RST,
  LETTER_FLIPPED,
  LETTER_GAP,
  LETTER_RST,
  LETTER_SYN,
  LETTER_SYN_ACK,
  LETTER_SYN_FIN_OR_RST,
} from '../letters.ts'
import { SIDE_FIN, SIDE_INITIAL_KNOWN } from '../marks.ts'
import * as conn from '../record-words.ts'
import {
  ZEEK_CLOSED,
  ZEEK_ESTABLISHED,
  ZEEK_INACTIVE,
  ZEEK_PARTIAL,
  ZEEK_RESET,
  ZEEK_SYN_ACK_SENT,
  ZEEK_SYN_SENT,
} from '../zeek-states.ts'
import { gatherLetters, letters } from './history.ts'
import type { Flow, Side } from './row.ts'

/** Length of the stream that a side sent, in bytes: from sequence numbers, so missed bytes count. */
export function streamLength(side: Side, peer: Side): f64 {
  const marks = side.marks
  if ((marks & SIDE_INITIAL_KNOWN) == 0) return 0
  const initial = i64(side.initial)
  const acked = i64(side.acked) + (i64(side.ackedWraps) << 32)
  // An attempt that was given up with a reset cannot have sent anything.
  const aborted =
    side.zeekBefore == ZEEK_SYN_SENT && side.zeekState == ZEEK_RESET && peer.zeekState == ZEEK_INACTIVE
  if (aborted && acked != initial && acked != initial + 1) return 0
  const last = i64(side.zeekLast) + (i64(side.lastWraps) << 32)
  let size = max(last, acked) - initial
  if (size > 0) size-- // the SYN's number
  if (size > 0 && (marks & SIDE_FIN) != 0) size-- // the FIN's
  return f64(max<i64>(size, 0))
}

/**
 * Zeek's conn_state of a TCP flow; the tests stand in the order in which Zeek makes them. `empty` when neither side's
 * stream has a byte.
 */
export function connState(flow: Flow, client: Side, server: Side, empty: bool): i32 {
  const o = client.zeekState
  const r = server.zeekState
  const clientInactive = o == ZEEK_INACTIVE || o == ZEEK_PARTIAL
  const serverInactive = r == ZEEK_INACTIVE || r == ZEEK_PARTIAL
  if (r == ZEEK_RESET) {
    if (o == ZEEK_SYN_SENT || o == ZEEK_SYN_ACK_SENT || (o == ZEEK_RESET && empty)) return conn.CONN_REJ
    return clientInactive ? conn.CONN_RSTRH : conn.CONN_RSTR
  }
  if (o == ZEEK_RESET) {
    if (serverInactive) return isAborted(flow) ? conn.CONN_RSTOS0 : conn.CONN_OTH
    return conn.CONN_RSTO
  }
  if (o == ZEEK_CLOSED && r == ZEEK_CLOSED) return conn.CONN_SF
  if (o == ZEEK_CLOSED) return serverInactive ? conn.CONN_SH : conn.CONN_S2
  if (r == ZEEK_CLOSED) return clientInactive ? conn.CONN_SHR : conn.CONN_S3
  if (o == ZEEK_SYN_SENT && r == ZEEK_INACTIVE) return conn.CONN_S0
  if (o == ZEEK_ESTABLISHED && r == ZEEK_ESTABLISHED) return conn.CONN_S1
  return conn.CONN_OTH
}

/** Zeek's conn_state of UDP. */
export function datagramState(client: Side, server: Side): i32 {
  if (client.packets == 0) return conn.CONN_SHR
  return server.packets > 0 ? conn.CONN_SF : conn.CONN_S0
}

/** A SYN and then, before anything else that counts, a reset: of the history `^?S[^HAFGIQ]*R`. */
function isAborted(flow: Flow): bool {
  const end = letters + gatherLetters(flow)
  let at = letters
  if (at < end && load<u8>(at) == LETTER_FLIPPED) at++
  if (at >= end || load<u8>(at) != LETTER_SYN) return false
  for (at++; at < end; at++) {
    const letter: i32 = load<u8>(at)
    if (letter == LETTER_RST) return true
    if (letter == LETTER_SYN_ACK || letter == LETTER_ACK || letter == LETTER_FIN || letter == LETTER_GAP)
      return false
    if (letter == LETTER_FIN_RST || letter == LETTER_SYN_FIN_OR_RST) return false
  }
  return false
}
