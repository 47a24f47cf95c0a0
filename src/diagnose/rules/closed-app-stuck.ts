import type { Side } from '../../flow/event.ts'
import { APP_STUCK_SECONDS } from '../../sockets/limits.ts'
import { brokenBy } from '../broken.ts'
import type { Evidence } from '../evidence.ts'
import { fromAbsence, otherSide, secondsSince, socketsOf, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import type { Confidence } from '../verdict.ts'
import { duration, who } from '../words.ts'

/** `closed.app-stuck`: the peer's FIN was acknowledged long ago, and the program has not closed its own end. */
export const closedAppStuck: Rule = (evidence) => {
  if (evidence.proto !== 'tcp' || evidence.ended || brokenBy(evidence) !== undefined) return undefined
  for (const side of ['client', 'server'] as const) {
    const seconds =
      wireOf(evidence) === undefined ? sinceBySocket(evidence, side) : sinceOnWire(evidence, side)
    if (seconds === undefined || seconds < APP_STUCK_SECONDS) continue
    const unread = socketsOf(evidence)?.[side]?.recv_q ?? 0
    const amount = unread > 1 ? ` (${unread} bytes are not even read)` : ''
    return finding(
      'closed.app-stuck',
      sureness(evidence, side),
      `${who(evidence, otherSide(side))} closed its end ${duration(seconds * 1000)} ago, and ${who(evidence, side)} has not closed the other: CLOSE_WAIT${amount}`,
      {
        advice: [
          `in ${who(evidence, side)}: close() when read() returns 0; a growing number of these is a descriptor leak`,
        ],
      },
    )
  }
  return undefined
}

/** Seconds without any packet since the FIN: a half-closed connection that still moves data is healthy. */
function sinceOnWire(evidence: Evidence, side: Side): number | undefined {
  const wire = wireOf(evidence)!
  const peer = otherSide(side)
  const fin = wire.fin[peer]
  if (fin === undefined || !wire.finAcked[peer] || wire.fin[side] !== undefined || wire.stuck !== undefined)
    return undefined
  const state = socketsOf(evidence)?.[side]?.state
  if (state !== undefined && state !== 'CLOSE_WAIT') return undefined
  return Math.min(secondsSince(evidence, fin), secondsSince(evidence, wire.last ?? fin))
}

/** The FIN's own ACK bit moves `tcpi_last_ack_recv` (ms), so it came at least that long ago. */
function sinceBySocket(evidence: Evidence, side: Side): number | undefined {
  const socket = socketsOf(evidence)?.[side]
  const ms = socket?.state === 'CLOSE_WAIT' ? socket.tcp?.['tcpi_last_ack_recv'] : undefined
  return ms === undefined ? undefined : Math.min(ms, socket?.tcp?.['tcpi_last_data_sent'] ?? ms) / 1000
}

/** A peer whose socket still has an owner only said that it will send no more: it may wait for an answer. */
function sureness(evidence: Evidence, side: Side): Confidence {
  const sockets = socketsOf(evidence)
  if (sockets?.[side]?.state !== 'CLOSE_WAIT') return fromAbsence(evidence, 'likely')
  const peer = sockets[otherSide(side)]
  if (!evidence.here[otherSide(side)]) return 'likely'
  return peer === undefined || peer.inode === 0 ? 'certain' : 'possible'
}
