/** What a segment is in the life of its connection: bits of `Segment.steps`. */
export const STEP_SYN = 1 << 0
export const STEP_SYN_ACK = 1 << 1
export const STEP_THIRD_ACK = 1 << 2
export const STEP_FIRST_FIN = 1 << 3
export const STEP_FIRST_FIN_ACKED = 1 << 4
export const STEP_SECOND_FIN = 1 << 5
export const STEP_SECOND_FIN_ACKED = 1 << 6
export const STEP_RESET = 1 << 7
/** Answers a SYN, but acknowledges something else: it belongs to an older connection. */
export const STEP_STALE_ACK = 1 << 8

// What a reset does, `Segment.resetEffect`.

/** It closes the connection (RFC 9293 section 3.10.7.4 step 2, RFC 5961 section 3.2). */
export const RESET_EFFECTIVE = 1
/** In the window but not the next byte expected: a challenge ACK is due, the connection lives. */
export const RESET_PENDING = 2
/** Outside the window, or it answers nothing that was sent: ignored. */
export const RESET_IGNORED = 3
/** The receiver has no connection any more. */
export const RESET_LATE = 4
/** The sender still dials: it clears an old connection that answered its SYN (RFC 9293 section 3.5.1). */
export const RESET_CLEARS_OLD = 5
