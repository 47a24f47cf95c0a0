import type { Evidence } from '../evidence.ts'
import { drops, wasEstablished, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { isWaiting } from '../waiting.ts'
import { endpoint, who } from '../words.ts'

/** Drops of a SYN whose timestamp is older than the connection that the server still holds (RFC 7323 section 5). */
const OLD_TIMESTAMP: ReadonlySet<string> = new Set(['TCP_RFC7323_PAWS', 'TCP_RFC7323_TW_PAWS'])

/** `timeout.stale-state`: the far end, or a box between, still holds an old connection of the same four-tuple. */
export const staleState: Rule = (evidence) => {
  const wire = wireOf(evidence)
  const byAck = wire?.staleAck === true
  // At the end of a file the ACKs alone say it: nothing tells how the attempt went on.
  const isCut = byAck && evidence.finishing === true && wire.syns > 1 && !wasEstablished(evidence)
  if (!isWaiting(evidence) && !isCut) return undefined
  const byTimestamp = hasOldTimestamp(evidence)
  if (!byAck && !byTimestamp) return undefined
  const { client, server } = evidence
  const sign = byAck ? 'answers the SYN with an ACK of' : 'takes the SYN, by its timestamp, for a leftover of'
  return finding(
    'timeout.stale-state',
    'certain',
    `${endpoint(server)} ${sign} an older connection from ${endpoint(client)} that it still holds, so ${who(evidence, 'client')} cannot connect from this port`,
    {
      error: 'ETIMEDOUT',
      advice: [
        'try again from another local port; a TIME_WAIT is over after 60 s',
        'if a firewall stands between, let the RST that the client answers with through',
      ],
    },
  )
}

function hasOldTimestamp(evidence: Evidence): boolean {
  return drops(evidence).some(
    ({ sender, segment, reason }) => sender === 'client' && segment === 'syn' && OLD_TIMESTAMP.has(reason),
  )
}
