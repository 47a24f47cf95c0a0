import type { Evidence } from './evidence.ts'
import {
  clientError,
  kernelOf,
  SYNCHRONIZED,
  secondsSince,
  socketsOf,
  wasEstablished,
  watches,
  wireOf,
} from './facts.ts'
import { isResetLost } from './losses.ts'
import { refusalOf } from './refusal.ts'
import { FIRST_TIMEOUT_SECONDS, SYNS_WAITED } from './thresholds.ts'
import { duration } from './words.ts'

/**
 * The handshake did not come to its end, and nobody refused it: the third SYN is out, connect() failed with ETIMEDOUT,
 * or the attempt ended. Errors of their own (ENETUNREACH, EPERM, …) are not waiting.
 */
export function isWaiting(evidence: Evidence): boolean {
  if (evidence.proto !== 'tcp' || wasEstablished(evidence) || refusalOf(evidence) !== undefined) return false
  const error = clientError(evidence)
  if (error !== undefined) return error === 'ETIMEDOUT'
  if (isConnectedUnseen(evidence)) return false
  const wire = wireOf(evidence)
  if (
    wire !== undefined &&
    (wire.synAckRefused || (wire.reset?.effect === 'effective' && !isResetLost(evidence, wire.reset.by)))
  )
    return false
  const again = kernelOf(evidence)?.retransmits.client ?? 0
  const timer = socketsOf(evidence)?.client
  const resent = timer?.state === 'SYN_SENT' ? (timer.timer?.retrans ?? 0) : 0
  const tries = Math.max(wire?.syns ?? 0, again + 1, resent + 1)
  if (tries >= SYNS_WAITED || (wire?.synAcks ?? 0) >= SYNS_WAITED) return true
  if (wire === undefined || wire.syns === 0) return false
  return evidence.ended || (evidence.finishing === true && isOld(evidence, wire.firstSyn))
}

/** The capture lost packets, and the sockets of this machine say that the handshake went well, or was not given up. */
function isConnectedUnseen(evidence: Evidence): boolean {
  const sockets = socketsOf(evidence)
  if ((wireOf(evidence)?.lost ?? 0) === 0 || sockets === undefined) return false
  const { client, server } = sockets
  if (!evidence.here.client) return server !== undefined && SYNCHRONIZED.has(server.state)
  // The end of the waiting would have been reported.
  return client === undefined ? watches(evidence, 'error') : client.state !== 'SYN_SENT'
}

function isOld(evidence: Evidence, first: Parameters<typeof secondsSince>[1] | undefined): boolean {
  return first !== undefined && secondsSince(evidence, first) >= FIRST_TIMEOUT_SECONDS
}

/** Nothing but SYNs was seen, or the wire was not watched. */
export function unanswered(evidence: Evidence): boolean {
  return (wireOf(evidence)?.synAcks ?? 0) === 0 && (kernelOf(evidence)?.synAckRetransmits ?? 0) === 0
}

/** `; connect() gives up after 131 s`, while it has not. */
export function patience(evidence: Evidence): string {
  const seconds = wireOf(evidence)?.givesUpAfterSeconds
  if (evidence.ended || seconds === undefined) return ''
  return `; connect() gives up after ${duration(seconds * 1000)}`
}
