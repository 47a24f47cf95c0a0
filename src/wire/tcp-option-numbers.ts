/** Options that are there: bits of `TcpOptions.present`. */
export const HAS_MSS = 1 << 0
export const HAS_WINDOW_SCALE = 1 << 1
export const HAS_SACK_PERMITTED = 1 << 2
export const HAS_SACK = 1 << 3
export const HAS_TIMESTAMPS = 1 << 4
export const HAS_USER_TIMEOUT = 1 << 5
export const HAS_MD5 = 1 << 6
export const HAS_AUTHENTICATION = 1 << 7
export const HAS_MPTCP = 1 << 8
export const HAS_FAST_OPEN = 1 << 9
export const HAS_ACC_ECN = 1 << 10
export const HAS_EXPERIMENT = 1 << 11

export const KIND_END = 0
export const KIND_NOP = 1
export const KIND_MSS = 2
export const KIND_WINDOW_SCALE = 3
export const KIND_SACK_PERMITTED = 4
export const KIND_SACK = 5
export const KIND_TIMESTAMPS = 8
export const KIND_MD5 = 19
export const KIND_USER_TIMEOUT = 28
export const KIND_AUTHENTICATION = 29
export const KIND_MPTCP = 30
export const KIND_FAST_OPEN = 34
export const KIND_ACC_ECN_0 = 172
export const KIND_ACC_ECN_1 = 174
export const KIND_EXPERIMENT_1 = 253
export const KIND_EXPERIMENT_2 = 254

/** Experiment identifier of TCP Fast Open (IANA, TCP ExIDs). */
export const EXPERIMENT_FAST_OPEN = 0xf989

export const MPTCP_CAPABLE = 0
export const MPTCP_JOIN = 1
export const MPTCP_DSS = 2
