import { NANOS_PER_SECOND, type Nanos } from '../../flow/time.ts'

/**
 * How long a closed connection's record waits for stragglers: 2MSL on Linux in a file, a moment when live. That is
 * longer than a SYN's first timeout: the kernel lets an ICMP error pass that comes while connect() holds the socket;
 * and than an attempt that failed can be superseded by another.
 */
export const LINGER_FILE = (60 * NANOS_PER_SECOND) as Nanos
export const LINGER_LIVE = (2.1 * NANOS_PER_SECOND) as Nanos
