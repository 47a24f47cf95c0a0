import type { Evidence } from '../evidence.ts'
import { clientError, drops, isForNeighbor, kernelOf, socketsOf, wasEstablished, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { isWaiting } from '../waiting.ts'
import { isIpv4 } from '../words.ts'

/** `unreachable.neighbor`: nobody on the link answers for the next hop's address (ARP, RFC 826; ND, RFC 4861). */
export const neighborMissing: Rule = (evidence) => {
  if (wasEstablished(evidence) || !evidence.here.client) return undefined
  const route = socketsOf(evidence)?.route
  const dropped = drops(evidence).some((drop) => drop.sender === 'client' && isForNeighbor(drop))
  const missing = route?.neighbor === 'FAILED' || route?.neighbor === 'INCOMPLETE'
  if (!dropped && !missing) return undefined
  const error = clientError(evidence)
  const failed = error === 'EHOSTUNREACH' && !fromElsewhere(evidence)
  // While it goes on, the neighbour may only be slow to answer.
  const unsent = evidence.finishing === true && kernelOf(evidence)?.retransmitError === 'EBUSY'
  const silent = wireOf(evidence)?.syns === 0 && (isWaiting(evidence) || unsent)
  if (!failed && !(silent && error === undefined) && !(dropped && evidence.ended && !fromElsewhere(evidence)))
    return undefined
  const { server } = evidence
  const hop = route?.neighborAddress ?? route?.gateway ?? server.addr
  const protocol = isIpv4(hop) ? 'ARP' : 'neighbour discovery'
  const iface = route?.iface
  const role = hop === server.addr ? '' : `, the gateway to ${server.addr},`
  return finding(
    'unreachable.neighbor',
    dropped || failed ? 'certain' : 'likely',
    `${hop}${role} does not answer ${protocol}${iface === undefined ? '' : ` on ${iface}`}: nobody there has this address, or the link is the wrong one`,
    {
      error: clientError(evidence) ?? 'EHOSTUNREACH',
      advice: [
        `ip neigh show ${hop}${iface === undefined ? '' : ` dev ${iface}`}`,
        `check the address and prefix of this end: ip addr show${iface === undefined ? '' : ` dev ${iface}`}`,
      ],
    },
  )
}

/** A router said it, or a filter of this host: then the neighbour is not what failed. */
function fromElsewhere(evidence: Evidence): boolean {
  const icmp = wireOf(evidence)?.icmp
  if (icmp?.effective && icmp.from !== evidence.client.addr) return true
  if (socketsOf(evidence)?.firewall.some(({ action, end }) => action === 'reject' && end === 'client'))
    return true
  return drops(evidence).some(({ sender, reason }) => sender === 'client' && reason === 'NETFILTER_DROP')
}
