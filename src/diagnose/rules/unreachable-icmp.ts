import type { Evidence, WireIcmp } from '../evidence.ts'
import { clientError, drops, wasEstablished, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { matchingRules, ruleAdvice } from '../firewall.ts'
import type { VerdictName } from '../verdict.ts'
import { isWaiting } from '../waiting.ts'
import { endpoint } from '../words.ts'

/** ICMP and ICMPv6 type/code to verdict, by family; the errno is the kernel's (flow/icmp-error.ts). */
const IPV4: Readonly<Record<string, VerdictName>> = {
  '3/0': 'unreachable.net',
  '3/6': 'unreachable.net',
  '3/9': 'unreachable.prohibited',
  '3/10': 'unreachable.prohibited',
  '3/11': 'unreachable.net',
  '3/13': 'unreachable.prohibited',
  '3/14': 'unreachable.prohibited',
  '3/15': 'unreachable.prohibited',
}
const IPV6: Readonly<Record<string, VerdictName>> = {
  '1/0': 'unreachable.net',
  '1/1': 'unreachable.prohibited',
  '1/5': 'unreachable.prohibited',
  '1/6': 'unreachable.prohibited',
}
const TIME_EXCEEDED = { 4: 11, 6: 3 } as const

/** `unreachable.host`, `.net`, `.prohibited` and `.ttl-exceeded`, as an ICMP error said it. */
export const unreachableByIcmp: Rule = (evidence) => {
  const icmp = wireOf(evidence)?.icmp
  if (icmp === undefined || icmp.quoted !== 'client' || wasEstablished(evidence)) return undefined
  if (icmp.error === undefined || icmp.error === 'ECONNREFUSED' || !ends(icmp, evidence)) return undefined
  const verdict = verdictOf(icmp)
  const byFilter =
    drops(evidence).some(({ sender, reason }) => sender === 'client' && reason === 'NETFILTER_DROP') ||
    matchingRules(evidence, 'reject').length > 0
  const [rule] = matchingRules(evidence, 'reject')
  const own =
    icmp.from === evidence.client.addr
      ? ' (this end itself)'
      : icmp.from === evidence.server.addr
        ? ' (the server itself)'
        : ''
  return finding(
    verdict,
    'certain',
    `${icmp.from}${evidence.here.client || own !== ' (this end itself)' ? own : ''} said that ${endpoint(evidence.server)} ${SENTENCES[verdict] ?? 'cannot be reached'} (ICMP ${icmp.name})`,
    { error: icmp.error, advice: byFilter ? ruleAdvice(rule) : adviceFor(verdict, icmp, evidence) },
  )
}

const SENTENCES: Readonly<Partial<Record<VerdictName, string>>> = {
  'unreachable.host': 'cannot be reached',
  'unreachable.net': 'is in a network it has no way to',
  'unreachable.prohibited': 'may not be reached: a filter forbids it',
  'unreachable.ttl-exceeded':
    'is too many hops away: the packet ran in a circle or started with too low a hop limit',
}

/** It ended the attempt; or it came for one that still has no other answer. */
function ends(icmp: WireIcmp, evidence: Evidence): boolean {
  return icmp.effective || clientError(evidence) === icmp.error || isWaiting(evidence)
}

function verdictOf({ type, code, from }: WireIcmp): VerdictName {
  const family = from.includes(':') ? 6 : 4
  if (type === TIME_EXCEEDED[family]) return 'unreachable.ttl-exceeded'
  return (family === 6 ? IPV6 : IPV4)[`${type}/${code}`] ?? 'unreachable.host'
}

function adviceFor(verdict: VerdictName, { from }: WireIcmp, { server }: Evidence): readonly string[] {
  if (verdict === 'unreachable.ttl-exceeded') return [`see the hops: tracepath -n ${server.addr}`]
  if (verdict === 'unreachable.prohibited') return [`on ${from}, find the rule: nft -a list ruleset`]
  return [`on ${from}: ip route get ${server.addr}; ip neigh show`]
}
