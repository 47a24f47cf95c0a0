/**
 * When a trouble is told, on the capture's clock. Everything that a rule compares with a number of its own is here, or
 * in sockets/limits.ts where a single look at a socket compares with it too.
 */

/** SYNs after which an attempt that nobody answers is told while it goes on; also SYN+ACKs, seen from the server. */
export const SYNS_WAITED = 3
/** At the end of a run an unanswered SYN is told when it is older than the first timeout (RFC 6298 section 2.1). */
export const FIRST_TIMEOUT_SECONDS = 1

/** Seconds without progress of one range. */
export const RETRANSMITTING_SECONDS = 10

/** Timeouts of one full-sized segment while smaller ones arrive. */
export const PMTU_TIMES = 3
/** Room that options take in a full-sized segment: the most that a TCP header has (RFC 9293 section 3.1). */
export const OPTION_BYTES = 40
/** Every IPv4 host takes 576 bytes (RFC 791), so no path is too narrow for this much of a segment. */
export const ALWAYS_FITS_BYTES = 536

/** SYN+ACKs again after the third ACK, about 1, 3 and 7 s: one or two are what loss does to a healthy connection. */
export const SYN_ACKS_AGAIN = 3
/** Timeouts of the client's data after which the server's missing socket is told. */
export const NO_SOCKET_TIMES = 2

/** A client's data is sent again this long after the handshake, and no SYN+ACK came again: it was a SYN cookie. */
export const COOKIE_SECONDS = 3

/** Silence before a failure that is worth a word; middleboxes forget connections, most of them after a minute or more. */
export const IDLE_SECONDS = 2
/** Silence for which keep-alive probes are advised. */
export const FORGOTTEN_SECONDS = 30

/** Share of the local ports in use that counts as all of them (others come and go while they are counted). */
export const PORTS_SHARE = 0.9
