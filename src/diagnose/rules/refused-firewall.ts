import type { Evidence, WireReset } from '../evidence.ts'
import { drops, kernelOf, socketsOf, tellsResets, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { matchingRules, ruleAdvice, ruleName } from '../firewall.ts'
import { hadNoSocket, refusalOf } from '../refusal.ts'
import { endpoint, who } from '../words.ts'

/** Hop limits that systems start with; a packet that was forwarded has less. */
const INITIAL_TTLS: ReadonlySet<number> = new Set([64, 128, 255])

/** `refused.firewall-reject`: an ICMP port unreachable, or an RST that no socket sent. */
export const refusedByFirewall: Rule = (evidence) => {
  const refusal = refusalOf(evidence)
  if (refusal === undefined || hadNoSocket(evidence)) return undefined
  if (kernelOf(evidence)?.resetSent?.side === 'server') return undefined
  const [rule] = matchingRules(evidence, 'reject')
  const dropped = drops(evidence).some(
    ({ sender, reason }) => sender === 'client' && reason === 'NETFILTER_DROP',
  )
  // TCP answers a closed port by RST, UDP by this ICMP error: only for TCP does it give the filter away.
  const byIcmp = refusal === 'icmp' && evidence.proto === 'tcp'
  const silent = refusal === 'rst' && noSocketSentIt(evidence)
  if (!byIcmp && !dropped && rule === undefined && !silent) return undefined
  const from = wireOf(evidence)?.icmp?.from
  const how =
    refusal === 'icmp' ? `an ICMP port unreachable${from === undefined ? '' : ` from ${from}`}` : 'an RST'
  const what =
    refusal === 'either'
      ? 'the connection was refused by a packet filter'
      : `a packet filter answered with ${how}`
  const proof =
    rule !== undefined ? `rule ${ruleName(rule)}` : silent ? 'no socket of this host sent it' : undefined
  return finding(
    'refused.firewall-reject',
    byIcmp || dropped || (silent && rule !== undefined) ? 'certain' : 'likely',
    `${who(evidence, 'client')} could not reach ${endpoint(evidence.server)}: ${what}${proof === undefined ? '' : ` (${proof})`}`,
    { error: 'ECONNREFUSED', advice: ruleAdvice(rule, from ?? evidence.server.addr) },
  )
}

/** The server's kernel tells every reset that its sockets send, and told none; and the RST began on this machine. */
function noSocketSentIt(evidence: Evidence): boolean {
  if (!evidence.here.server || !tellsResets(evidence, 'server')) return false
  const reset = wireOf(evidence)?.reset
  return reset !== undefined && !wasForwarded(reset) && !publishedElsewhere(evidence)
}

/** Behind address translation the socket that answers has another address, and its RST comes through a hop. */
function wasForwarded({ ttl }: WireReset): boolean {
  return ttl !== undefined && !INITIAL_TTLS.has(ttl)
}

function publishedElsewhere(evidence: Evidence): boolean {
  return (
    socketsOf(evidence)?.listeners.some(({ sameNetns, reachable }) => !sameNetns && reachable === true) ??
    false
  )
}
