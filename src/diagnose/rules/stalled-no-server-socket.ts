import { brokenBy } from '../broken.ts'
import {
  acceptingListener,
  counter,
  drops,
  fromAbsence,
  kernelOf,
  secondsSince,
  socketsOf,
  wireOf,
} from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { COOKIE_SECONDS, NO_SOCKET_TIMES } from '../thresholds.ts'
import { endpoint, who } from '../words.ts'
import { queueAdvice } from './timeout-queue.ts'

/**
 * `stalled.no-server-socket`: a SYN cookie was answered while the accept queue was full. The server kept nothing and
 * says nothing; the client believes that it is connected.
 */
export const stalledNoServerSocket: Rule = (evidence) => {
  if (!evidence.here.server || brokenBy(evidence) !== undefined) return undefined
  const wire = wireOf(evidence)
  if (wire !== undefined && (wire.established === undefined || wire.bytes.server > 0)) return undefined
  // Nothing at all comes from it.
  if (wire?.reset?.by === 'server' || wire?.fin.server !== undefined) return undefined
  if (kernelOf(evidence)?.resetSent !== undefined || socketsOf(evidence)?.server !== undefined)
    return undefined
  const dropped = drops(evidence).some(
    ({ sender, segment, reason, location }) =>
      sender === 'client' &&
      (segment === 'ack' || segment === 'data') &&
      reason === 'NO_SOCKET' &&
      (location === null || /cookie|tcp_v[46]/.test(location)),
  )
  const stuck = wire?.stuck?.sender === 'client' && wire.stuck.times >= NO_SOCKET_TIMES
  // A SYN+ACK is sent again after about a second, unless a cookie stands in its place.
  const again = wire === undefined || wire.synAcksAfterEstablished > 0
  const old = wire?.established !== undefined && secondsSince(evidence, wire.established) >= COOKIE_SECONDS
  const missing =
    stuck && !again && old && socketsOf(evidence) !== undefined && acceptingListener(evidence) !== undefined
  if (!dropped && !missing) return undefined
  const cookies = counter(evidence, 'server', 'SyncookiesRecv') > 0
  const listener = acceptingListener(evidence)
  return finding(
    'stalled.no-server-socket',
    dropped ? (cookies ? 'certain' : 'likely') : fromAbsence(evidence, 'likely'),
    `${who(evidence, 'client')} believes that it is connected to ${endpoint(evidence.server)}, but the server has no socket for it: ${cookie(cookies)}`,
    {
      error: evidence.ended ? 'ETIMEDOUT' : undefined,
      advice: queueAdvice(evidence, listener?.socket.listen?.backlog),
    },
  )
}

function cookie(counted: boolean): string {
  return counted
    ? 'its handshake was done with a SYN cookie, and the accept queue was full as it ended'
    : 'most likely a SYN cookie whose last ACK met a full accept queue'
}
