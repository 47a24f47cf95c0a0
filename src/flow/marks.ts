/** Facts of a flow, one bit each. */
export const FLOW_MIDSTREAM = 1 << 0
/** All three steps of the handshake were seen. */
export const FLOW_ESTABLISHED = 1 << 1
/** Both sides sent a SYN without ACK. */
export const FLOW_SIMULTANEOUS_OPEN = 1 << 2
/** A FIN was sent before the sender could have seen the other's. */
export const FLOW_SIMULTANEOUS_CLOSE = 1 << 3
/** The second FIN also acknowledged the first. */
export const FLOW_COMBINED_CLOSE = 1 << 4
/** A SYN was answered by a reset. */
export const FLOW_REFUSED = 1 << 5
/** A reset that took effect. */
export const FLOW_RESET = 1 << 6
/** A reset inside the window but not at its edge: the receiver must challenge it first (RFC 5961 section 3.2). */
export const FLOW_RESET_PENDING = 1 << 7
/** The resets above came from direction 1. */
export const FLOW_RESET_BY_UPPER = 1 << 8
/** The SYN budget ran out without an answer. */
export const FLOW_TIMED_OUT = 1 << 9
/** After a SYN an ACK without SYN was seen: `ackTime` is set. */
export const FLOW_ROUND_TRIP = 1 << 10
/** What completes the handshake lies behind bytes that were not captured: it times nothing. */
export const FLOW_LATE_THIRD_ACK = 1 << 11
/** Every segment goes to the `TroubleSink`. */
export const FLOW_WATCHED = 1 << 12
/** The `TroubleSink` took it up: it may have something to say of its record. */
export const FLOW_TAKEN_UP = 1 << 13
/** A reset is not told yet. */
export const FLOW_RESET_HELD = 1 << 14

/** Facts of one direction. */
export const SIDE_INITIAL_KNOWN = 1 << 0
export const SIDE_SYN = 1 << 1
export const SIDE_SYN_ACK = 1 << 2
/** The peer acknowledged its SYN. */
export const SIDE_SYN_ACKED = 1 << 3
export const SIDE_FIN = 1 << 4
export const SIDE_FIN_ACKED = 1 << 5
/** A segment without SYN was sent: its window, where scaled, is to be scaled. */
export const SIDE_SCALED = 1 << 6
/** The SYN carried data (RFC 7413). */
export const SIDE_SYN_DATA = 1 << 7
/** What it sends next may take the short cut (`steady.ts`). */
export const SIDE_STEADY = 1 << 8

/** On an MPTCP flow an operation was seen for the first time since this side's last segment but one. */
export const SIDE_MPTCP_NEWS = 1 << 9
/** The MPTCP operations that this side brought first, one bit each from DSS (2) to MP_FASTCLOSE (7). */
export const SIDE_MPTCP_FIRST = 1 << 10
export const SIDE_MPTCP_MASK = 0x3f * SIDE_MPTCP_FIRST

/** Options offered on a SYN or SYN+ACK beside the window scale. */
export const OPTION_MSS = 1 << 0
export const OPTION_SACK_PERMITTED = 1 << 1
export const OPTION_TIMESTAMPS = 1 << 2
export const OPTION_FAST_OPEN_REQUEST = 1 << 3
export const OPTION_FAST_OPEN_COOKIE = 1 << 4
export const OPTION_MPTCP_CAPABLE = 1 << 5
export const OPTION_MPTCP_JOIN = 1 << 6
export const OPTION_ECN = 1 << 7
export const OPTION_MPTCP = OPTION_MPTCP_CAPABLE | OPTION_MPTCP_JOIN
