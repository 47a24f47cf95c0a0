import type { Evidence } from '../evidence.ts'
import { drops, fromAbsence, kernelOf, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { isLost } from '../losses.ts'
import { isWaiting, patience, unanswered } from '../waiting.ts'
import { endpoint, times, who } from '../words.ts'

/** `timeout.handshake-stuck`: the server answered, and its SYN+ACK is answered by nothing. */
export const handshakeStuck: Rule = (evidence) => {
  if (!isWaiting(evidence) || unanswered(evidence)) return undefined
  const { here, server, client } = evidence
  const wire = wireOf(evidence)
  const count = wire?.synAcks ?? (kernelOf(evidence)?.synAckRetransmits ?? 0) + 1
  const where =
    here.client && !here.server
      ? 'something between the packet tap and the socket of this host eats it'
      : 'it, or the ACK for it, is lost on the way between them (a firewall that missed the SYN, an asymmetric route)'
  return finding(
    'timeout.handshake-stuck',
    wire === undefined ? 'likely' : fromAbsence(evidence, 'certain'),
    `${endpoint(server)} answered the SYN (${times(count, 'SYN+ACK')}), but no ACK of ${endpoint(client)} came back: ${where}${patience(evidence)}`,
    {
      error: 'ETIMEDOUT',
      advice: here.client
        ? ['nft -a list ruleset', 'sysctl net.ipv4.conf.all.rp_filter']
        : [`on ${client.addr}, whether the SYN+ACK arrives: socktrace trace 'tcp port ${server.port}'`],
    },
  )
}

/** `timeout.no-answer`: SYNs left, and the wire is silent. */
export const noAnswer: Rule = (evidence) => {
  const wire = wireOf(evidence)
  if (wire === undefined || wire.syns === 0 || !isWaiting(evidence) || !unanswered(evidence)) return undefined
  // Whoever sent an ICMP error answered.
  if (wire.reset !== undefined || wire.staleAck || wire.icmp?.error !== undefined) return undefined
  const { server } = evidence
  return finding(
    'timeout.no-answer',
    fromAbsence(evidence, 'certain'),
    `${times(wire.syns, 'SYN')} of ${who(evidence, 'client')} to ${endpoint(server)} got no answer: ${placeOf(evidence)}${patience(evidence)}`,
    { error: 'ETIMEDOUT', advice: adviceFor(evidence) },
  )
}

function placeOf(evidence: Evidence): string {
  const { here, own } = evidence
  const syns = drops(evidence).filter(({ sender, segment }) => sender === 'client' && segment === 'syn')
  if (syns.some(({ reason, at }) => reason === 'NO_SOCKET' && at === 'client'))
    return 'it came back to its own host, so it left by the wrong device (SO_BINDTODEVICE, or a route)'
  // Nobody's end: a router or bridge in a namespace between them.
  const onTheWay = syns.find(isLost)
  if (onTheWay !== undefined) return `this machine drops it on its way (${onTheWay.reason})`
  return here.server && own !== 'client'
    ? 'this host took it and sent nothing'
    : 'it is down, or something on the way drops the packets'
}

function adviceFor({ here, server }: Evidence): readonly string[] {
  if (here.server) return [`socktrace list -l 'sport = :${server.port}'`, 'nft -a list ruleset']
  return [
    `whether ${server.addr} is there: ping ${server.addr}; tracepath -n ${server.addr}`,
    `on ${server.addr}, whether the SYN arrives: socktrace trace 'tcp port ${server.port}'`,
  ]
}
