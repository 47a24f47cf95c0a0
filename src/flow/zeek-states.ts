// Zeek's endpoint states: what one side has done, without regard to whether it was allowed to.
export const ZEEK_INACTIVE = 0
export const ZEEK_SYN_SENT = 1
export const ZEEK_SYN_ACK_SENT = 2
/** Traffic without a SYN. */
export const ZEEK_PARTIAL = 3
export const ZEEK_ESTABLISHED = 4
/** It sent a FIN. */
export const ZEEK_CLOSED = 5
export const ZEEK_RESET = 6

/** Bits of `SideView.letters`: written once. */
export const WROTE_SYN = 1 << 0
export const WROTE_FIN = 1 << 1
export const WROTE_RST = 1 << 2
export const WROTE_FIN_RST = 1 << 3
export const WROTE_DATA = 1 << 4
export const WROTE_ACK = 1 << 5
export const WROTE_SYN_FIN_OR_RST = 1 << 6
export const WROTE_PARTIAL = 1 << 7
