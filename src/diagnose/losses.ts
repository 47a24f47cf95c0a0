import type { Side } from '../flow/event.ts'
import { RETRANSMITTING_TIMES } from '../sockets/limits.ts'
import type { Evidence, KernelDrop } from './evidence.ts'
import {
  drops,
  isForNeighbor,
  kernelOf,
  otherSide,
  SYNCHRONIZED,
  socketsOf,
  watches,
  wireOf,
} from './facts.ts'

/** Reasons that have verdicts of their own, and with which the kernel frees what it has taken or answered. */
const OTHER_REASONS: ReadonlySet<string> = new Set([
  'NO_SOCKET',
  'TCP_LISTEN_OVERFLOW',
  'TCP_RFC7323_PAWS',
  'TCP_RFC7323_TW_PAWS',
  'TCP_INVALID_SYN',
  'TCP_RESET',
  'TCP_FLAGS',
  'TCP_OLD_ACK',
])

/** Whether the segment was lost by this drop. */
export function isLost(drop: KernelDrop): boolean {
  return !OTHER_REASONS.has(drop.reason) && !isForNeighbor(drop)
}

/** The drop of the RST that `by` sent, on the host that it was for: its receiver knows nothing of it. */
export function lostReset(evidence: Evidence, by: Side): KernelDrop | undefined {
  const kernel = kernelOf(evidence)
  const victim = otherSide(by)
  if (kernel === undefined || wasTaken(evidence, victim)) return undefined
  const { client, server } = kernel.netns
  return drops(evidence).find(
    (drop) =>
      drop.sender === by &&
      drop.segment === 'rst' &&
      (drop.at === victim || (drop.at === undefined && client !== undefined && client === server)) &&
      drop.reason !== 'NOT_SPECIFIED' &&
      isLost(drop),
  )
}

/** Its receiver sends the same data again and again after it: a closed socket sends nothing. */
function wentOnAfter(evidence: Evidence, by: Side): boolean {
  const { reset, stuck } = wireOf(evidence) ?? {}
  if (reset?.by !== by || stuck === undefined || wasTaken(evidence, otherSide(by))) return false
  return stuck.sender === otherSide(by) && stuck.since > reset.at && stuck.times >= RETRANSMITTING_TIMES
}

/** That end took a reset: its kernel says so, or the error that its application got. */
function wasTaken(evidence: Evidence, victim: Side): boolean {
  const kernel = kernelOf(evidence)
  if (kernel?.resetReceived?.side === victim) return true
  return kernel?.error?.side === victim && BY_RESET.has(kernel.error.name)
}

/** What tcp_reset() reports (net/ipv4/tcp_input.c). */
const BY_RESET: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'])

/** The receiver of that RST goes on as if there had been none. */
export function isResetLost(evidence: Evidence, by: Side): boolean {
  if (lostReset(evidence, by) !== undefined || wentOnAfter(evidence, by)) return true
  // Where drops are not told its socket tells: a reset that is taken leaves none.
  if (watches(evidence, 'drop') || kernelOf(evidence)?.error !== undefined) return false
  const state = socketsOf(evidence)?.[otherSide(by)]?.state
  return state === 'SYN_SENT' || (state !== undefined && state !== 'TIME_WAIT' && SYNCHRONIZED.has(state))
}
