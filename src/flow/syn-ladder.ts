import { LADDER_BYTES, MAX_RUNGS } from './layout.ts'
import { NANOS_PER_SECOND } from './time.ts'

/** What decides when Linux sends a SYN again: the sysctls `tcp_syn_retries` and `tcp_syn_linear_timeouts`. */
export interface SynLadder {
  readonly retries: number
  /** Retransmissions one second apart before the gaps double; 0 on kernels before 6.5, which have no such sysctl. */
  readonly linear: number
}

/** Defaults of Linux 6.5 and newer. */
export const MODERN_LADDER: SynLadder = { retries: 6, linear: 4 }

/** First timeout, seconds (RFC 6298 section 2.1). */
const FIRST_TIMEOUT = 1
/** No timeout is longer, seconds: TCP_RTO_MAX. */
const LAST_TIMEOUT = 120
/** Timers fire up to 3 % late; another clock and a busy machine add to that. */
const TOLERANCE = 0.12

/**
 * Seconds after the first SYN at which it is sent again; the last one is when connect() gives up.
 * `{retries: 6, linear: 4}`: 1 2 3 4 5 7 11 19 35 67 131.
 */
export function rungs(ladder: SynLadder): number[] {
  const times: number[] = []
  let timeout = FIRST_TIMEOUT
  let at = 0
  for (let n = 0; n <= ladder.retries + ladder.linear; n++) {
    at += timeout
    times.push(at)
    if (n >= ladder.linear) timeout = Math.min(2 * timeout, LAST_TIMEOUT)
  }
  return times
}

/** Nanoseconds after the first SYN at which the attempt is over. */
export function giveUpAfter(ladder: SynLadder): number {
  return rungs(ladder).at(-1)! * NANOS_PER_SECOND
}

/** Writes this ladder, then that of older kernels, as `engine/syn-again.ts` wants them. */
export function writeLadders(ladder: SynLadder, doubles: Float64Array): void {
  for (const [index, times] of [ladder, { ...ladder, linear: 0 }].map(rungs).entries()) {
    const known = times.slice(0, MAX_RUNGS)
    const from = (index * LADDER_BYTES) / 8
    doubles[from] = known.length
    doubles.set(
      known.flatMap((seconds) => [seconds, seconds * TOLERANCE]),
      from + 1,
    )
  }
}

/**
 * After 0, 1, … SYNs (`count` numbers): nanoseconds of silence that show that the next never came. When there was no
 * SYN at all, and beyond the last, it is how long the whole attempt takes.
 */
export function patience(ladder: SynLadder, count: number): Float64Array {
  const times = rungs(ladder)
  return Float64Array.from({ length: count }, (_, syns) => {
    const gap = (times[syns - 1] ?? times.at(-1)!) - (times[syns - 2] ?? 0)
    return gap * (1 + TOLERANCE) * NANOS_PER_SECOND
  })
}
