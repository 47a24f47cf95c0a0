// Numbers of include/net/tcp_states.h.
const ESTABLISHED = 1
const SYN_SENT = 2
const SYN_RECV = 3
const FIN_WAIT1 = 4
const CLOSE = 7
const CLOSE_WAIT = 8
const LAST_ACK = 9
const LISTEN = 10
const STATES = 13

/** Which new states are wanted, one bit each, by old state. */
export type Transitions = ReadonlyMap<number, number>

/** Every change from or to these: the ten or so of a connection but FIN_WAIT1→FIN_WAIT2 and the like. */
const TOLD = [ESTABLISHED, SYN_SENT, SYN_RECV, CLOSE, CLOSE_WAIT, LISTEN]
export const ALL_CHANGES: Transitions = changes((from, to) => TOLD.includes(from) || TOLD.includes(to))

/**
 * How connections begin and end: an end that goes well has two records or three, by which the next connection between
 * the same ends is told from it. Listeners as they come and go.
 */
export const CHANGES_OF_FAILURES: Transitions = changes((from, to) => {
  if (from === CLOSE) return to === SYN_SENT || to === LISTEN
  // The first that has its port; who tries the next address only when the first one takes long has then not failed.
  return to === CLOSE || from === SYN_SENT
})

/** Those that are told as they come: listeners, and attempts that failed. Of all others nobody may ever want to know. */
export const TOLD_AT_ONCE: Transitions = changes(
  (from, to) => to === LISTEN || (to === CLOSE && (from === LISTEN || from === SYN_SENT)),
)

/** Those that only the process makes that called connect(), listen(), shutdown() or close(). */
export const MADE_BY_CALLER: Transitions = changes((from, to) => {
  if (to === LISTEN) return true
  if (from === CLOSE) return to === SYN_SENT
  if (from === LISTEN) return to === CLOSE
  if (from === ESTABLISHED || from === SYN_RECV) return to === FIN_WAIT1
  return from === CLOSE_WAIT && to === LAST_ACK
})

function changes(wanted: (from: number, to: number) => boolean): Transitions {
  const found = new Map<number, number>()
  for (let from = 1; from < STATES; from++)
    for (let to = 1; to < STATES; to++)
      if (wanted(from, to)) found.set(from, (found.get(from) ?? 0) | (1 << to))
  return found
}
