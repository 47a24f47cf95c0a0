/** What is unusual about a segment, as Wireshark 4.0's sequence analysis names it: bits of `Segment.anomalies`. */
export const ANOMALY_RETRANSMISSION = 1 << 0
export const ANOMALY_FAST_RETRANSMISSION = 1 << 1
export const ANOMALY_SPURIOUS_RETRANSMISSION = 1 << 2
export const ANOMALY_OUT_OF_ORDER = 1 << 3
export const ANOMALY_LOST_SEGMENT = 1 << 4
export const ANOMALY_ACKED_UNSEEN = 1 << 5
export const ANOMALY_DUP_ACK = 1 << 6
export const ANOMALY_ZERO_WINDOW = 1 << 7
export const ANOMALY_ZERO_WINDOW_PROBE = 1 << 8
export const ANOMALY_ZERO_WINDOW_PROBE_ACK = 1 << 9
export const ANOMALY_WINDOW_UPDATE = 1 << 10
export const ANOMALY_WINDOW_FULL = 1 << 11
export const ANOMALY_KEEP_ALIVE = 1 << 12
export const ANOMALY_KEEP_ALIVE_ACK = 1 << 13

/** No SYN of this side was seen: its windows cannot be scaled. */
export const SCALE_UNKNOWN = 0xff
/** Both sides were seen and one did not offer scaling, so none is used (RFC 7323 section 2.2). */
export const SCALE_NONE = 0xfe
/** RFC 7323 section 2.3. */
export const MAX_SCALE = 14
