import type { FirewallRule } from '../sockets/socket-evidence.ts'
import type { Evidence } from './evidence.ts'
import { socketsOf } from './facts.ts'

/** Rules of the packet filter that match this connection and do `action`. */
export function matchingRules(evidence: Evidence, action: FirewallRule['action']): readonly FirewallRule[] {
  return socketsOf(evidence)?.firewall.filter((rule) => rule.action === action) ?? []
}

export function ruleName({ family, table, chain, handle }: FirewallRule): string {
  return `${family} ${table} ${chain} handle ${handle}`
}

/** What to do about a rule; about an unknown one, how to find it. */
export function ruleAdvice(rule: FirewallRule | undefined, place = 'this host'): readonly string[] {
  if (rule === undefined)
    return [`on ${place}, find the rule: nft -a list ruleset (and iptables-legacy-save, where it is in use)`]
  const { end, family, table, chain, handle, text } = rule
  return [`on the ${end}'s host: nft delete rule ${family} ${table} ${chain} handle ${handle}   # ${text}`]
}
