import type { Side } from '../../flow/event.ts'
import { RETRANSMITTING_TIMES } from '../../sockets/limits.ts'
import { afterSilence, brokenBy, silenceAdvice } from '../broken.ts'
import type { Evidence } from '../evidence.ts'
import {
  clientError,
  drops,
  fromAbsence,
  kernelOf,
  otherSide,
  secondsSince,
  socketsOf,
  wasEstablished,
  wireOf,
} from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { matchingRules, ruleAdvice } from '../firewall.ts'
import { lostReset } from '../losses.ts'
import { RETRANSMITTING_SECONDS } from '../thresholds.ts'
import { endpoint, who } from '../words.ts'

/** `stalled.retransmitting`: the same bytes again and again, and no acknowledgment. */
export const stalledRetransmitting: Rule = (evidence) => {
  if (evidence.proto !== 'tcp' || brokenBy(evidence) !== undefined) return undefined
  const stuck = wireOf(evidence) === undefined ? stuckSocket(evidence) : stuckOnWire(evidence)
  if (stuck === undefined) return undefined
  const { sender, times } = stuck
  const receiver = otherSide(sender)
  const dropped = drops(evidence).find((drop) => drop.sender === sender && drop.segment === 'data')
  const reset = lostReset(evidence, receiver)
  const here =
    reset !== undefined
      ? `; that end had reset the connection, and the ${sender}'s host drops its RST (${reset.reason})`
      : dropped === undefined
        ? ''
        : `; this machine drops it (${dropped.reason})`
  const rule = matchingRules(evidence, 'drop')[0]
  return finding(
    'stalled.retransmitting',
    isProvedBySocket(evidence, sender) ? 'certain' : fromAbsence(evidence, 'certain'),
    `${who(evidence, sender)} has sent the same data ${times + 1} times, and ${endpoint(evidence[receiver])} acknowledges nothing${afterSilence(evidence)}${here}`,
    {
      error: errorFor(evidence, sender),
      advice:
        (reset ?? dropped)?.reason === 'NETFILTER_DROP'
          ? ruleAdvice(rule)
          : [...silenceAdvice(evidence), ...pathAdvice(evidence, receiver)],
    },
  )
}

function pathAdvice(evidence: Evidence, receiver: Side): readonly string[] {
  const { addr } = evidence[receiver]
  return evidence.here[receiver]
    ? ['nft -a list ruleset', `ip route get ${addr}`]
    : [`whether ${addr} is still there: ping ${addr}; tracepath -n ${addr}`]
}

function stuckOnWire(evidence: Evidence) {
  const stuck = wireOf(evidence)?.stuck
  if (stuck === undefined || !wasEstablished(evidence)) return undefined
  // The capture lost packets, and the sender's own socket has nothing to send again: the answer was among them.
  const { client, server } = socketsOf(evidence) ?? {}
  const socket = stuck.sender === 'client' ? client : server
  if ((wireOf(evidence)?.lost ?? 0) > 0 && socket !== undefined && !socket.timer?.retrans) return undefined
  const long = stuck.times > 0 && secondsSince(evidence, stuck.since) >= RETRANSMITTING_SECONDS
  // Its kernel gave up earlier than we would call it stuck (TCP_USER_TIMEOUT).
  const reported = kernelOf(evidence)?.error
  const gaveUp = stuck.times > 0 && reported?.side === stuck.sender && reported.name === 'ETIMEDOUT'
  return stuck.times >= RETRANSMITTING_TIMES || long || gaveUp ? stuck : undefined
}

const SENDING: ReadonlySet<string> = new Set(['ESTABLISHED', 'CLOSE_WAIT', 'FIN_WAIT1'])

/** Without packets the socket's own timer: `retrans` counts the time-outs since something was acknowledged. */
function stuckSocket(evidence: Evidence): { sender: Side; times: number } | undefined {
  for (const sender of ['client', 'server'] as const) {
    const socket = socketsOf(evidence)?.[sender]
    const { name, retrans = 0 } = socket?.timer ?? {}
    if (socket !== undefined && SENDING.has(socket.state) && name === 'on' && retrans >= RETRANSMITTING_TIMES)
      return { sender, times: retrans }
  }
  return undefined
}

function isProvedBySocket(evidence: Evidence, sender: Side): boolean {
  return stuckSocket(evidence)?.sender === sender
}

/** ICMP errors are soft now: they only replace ETIMEDOUT in the end (tcp_write_err). */
function errorFor(evidence: Evidence, sender: Side): string | undefined {
  if (!evidence.ended) return undefined
  const reported = kernelOf(evidence)?.error
  if (reported?.side === sender) return reported.name
  if (sender === 'client' && evidence.result !== undefined) return clientError(evidence) ?? 'ETIMEDOUT'
  const icmp = wireOf(evidence)?.icmp
  return icmp?.quoted === sender && icmp.error !== undefined ? icmp.error : 'ETIMEDOUT'
}
