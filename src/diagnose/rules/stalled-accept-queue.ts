import { brokenBy } from '../broken.ts'
import type { Evidence } from '../evidence.ts'
import { acceptingListener, counter, drops, isFull, socketsOf, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { SYN_ACKS_AGAIN } from '../thresholds.ts'
import { endpoint, listenerName } from '../words.ts'
import { queueAdvice } from './timeout-queue.ts'

/**
 * `stalled.accept-queue`: the third ACK met a full accept queue and was dropped. The client is connected, the server
 * is not, and sends its SYN+ACK again.
 */
export const stalledAcceptQueue: Rule = (evidence) => {
  const wire = wireOf(evidence)
  if (evidence.proto !== 'tcp' || brokenBy(evidence) !== undefined || serverCameThrough(evidence))
    return undefined
  if (wire !== undefined && wire.established === undefined) return undefined
  const dropped = drops(evidence).some(
    ({ sender, reason }) => sender === 'client' && reason === 'TCP_LISTEN_OVERFLOW',
  )
  const again = wire?.synAcksAfterEstablished ?? 0
  const listener = acceptingListener(evidence)
  const full = listener !== undefined && isFull(listener)
  const counted = counter(evidence, 'server', 'ListenOverflows') > 0
  const onWire = again >= SYN_ACKS_AGAIN || (again > 0 && full)
  if (!dropped && !onWire) return undefined
  const name = listener === undefined ? 'the server' : listenerName(evidence, listener)
  const certain = dropped || (full && counted)
  const why =
    certain || full
      ? 'its accept queue is full'
      : 'its accept queue is full, or it waits for data (TCP_DEFER_ACCEPT)'
  return finding(
    'stalled.accept-queue',
    certain ? 'certain' : full ? 'likely' : 'possible',
    `the client is connected to ${endpoint(evidence.server)}, but ${name} did not take the last step: ${why}`,
    {
      advice: evidence.here.server
        ? queueAdvice(evidence, listener?.socket.listen?.backlog)
        : [
            `on ${evidence.server.addr}: socktrace list -l 'sport = :${evidence.server.port}' shows the queue`,
          ],
    },
  )
}

/** It sent or acknowledged data, or its socket is there: the queue had room in the end. */
function serverCameThrough(evidence: Evidence): boolean {
  const wire = wireOf(evidence)
  if (wire !== undefined && (wire.bytes.server > 0 || wire.bytes.client > 0)) return true
  const state = socketsOf(evidence)?.server?.state
  return state !== undefined && state !== 'SYN_RECV' && state !== 'NEW_SYN_RECV' && state !== 'LISTEN'
}
