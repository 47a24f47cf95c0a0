/** Words of a trouble row. */
export const RETRANSMISSIONS = 0
export const FAST_RETRANSMISSIONS = 1
export const SPURIOUS_RETRANSMISSIONS = 2
export const OUT_OF_ORDER = 3
export const LOST_SEGMENTS = 4
export const DUP_ACKS = 5
export const ZERO_WINDOWS = 6
export const WINDOW_FULLS = 7
export const KEEP_ALIVES = 8
export const RESETS = 9
/** Sequence number of the latest reset, relative to the initial one. */
export const RESET_SEQUENCE = 10
/** Zeek's own counts behind the letters T, W and G. */
export const REPEATED = 11
export const CLOSED_WINDOWS = 12
export const GAPS = 13
/** First open gap + 1 (`gaps.ts`). */
export const FIRST_GAP = 14
/** Bytes acknowledged but never seen: low and high 32 bits. */
export const MISSED = 15
/** Acknowledged and counted as missed up to this number, when the second is 1. */
export const UNSEEN_UP_TO = 17
export const UNSEEN_KNOWN = 18
/** Segments that repeat a number sent before, and how many numbers: low and high 32 bits. */
export const REXMT_PACKETS = 19
export const REXMT_BYTES = 20
/** Payload bytes that are sent again, or against a closed window: low and high 32 bits. */
export const NOT_UNIQUE = 22
/** First gap + 1 of those that were acknowledged (`gaps.ts`), and how many there are. */
export const FIRST_MISSED = 24
export const MISSED_GAPS = 25
/** Lowest number seen, when the second is 1; else the one after the initial number. */
export const LOWEST = 26
export const LOWEST_KNOWN = 27

/** Address of the side's reset that is not told yet (`engine/held-reset.ts`), 0 for none. */
export const HELD_RESET = 28

export const TROUBLE_WORDS = 30
