import type { Side } from '../../flow/event.ts'
import type { FirewallRule } from '../../sockets/socket-evidence.ts'
import type { Evidence, KernelDrop } from '../evidence.ts'
import { counter, drops, kernelOf, otherSide, socketsOf, watches, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { matchingRules, ruleAdvice, ruleName } from '../firewall.ts'
import { isLost } from '../losses.ts'
import { segmentName } from '../tell-kernel.ts'
import type { Confidence, VerdictName } from '../verdict.ts'
import { isWaiting, unanswered } from '../waiting.ts'
import { endpoint, who } from '../words.ts'

/** Which way a segment was going when this machine dropped it. */
type Way = 'out' | 'in'

interface Loss {
  readonly way: Way
  /** Who sent what was lost. */
  readonly sender: Side
  readonly segment: string
  readonly reason: string
  readonly confidence: Confidence
  readonly rule?: FirewallRule | undefined
}

/** `timeout.dropped-out`: a segment of the handshake was dropped by its sender's own host. */
export const droppedOut: Rule = (evidence) => tell(evidence, 'out', 'timeout.dropped-out')

/** `timeout.dropped-in`: it arrived, and the host it was for dropped it. */
export const droppedIn: Rule = (evidence) => tell(evidence, 'in', 'timeout.dropped-in')

function tell(evidence: Evidence, way: Way, verdict: VerdictName) {
  if (!isWaiting(evidence)) return undefined
  const loss = lossOf(evidence)
  if (loss?.way !== way) return undefined
  const host = way === 'out' ? loss.sender : otherSide(loss.sender)
  const verb = way === 'out' ? 'did not leave' : 'was dropped on arrival at'
  const full = conntrackFull(evidence, host)
  const why = full === undefined ? loss.reason : `${loss.reason}; its connection tracking is full`
  return finding(
    verdict,
    loss.confidence,
    `the ${loss.segment} of ${who(evidence, loss.sender)} to ${endpoint(evidence[otherSide(loss.sender)])} ${verb} the ${host}'s host: ${why}`,
    { error: 'ETIMEDOUT', advice: adviceFor(loss, host, full) },
  )
}

/** What the kernel told of this very packet; else a rule that matches it, else what counters leave as the only cause. */
function lossOf(evidence: Evidence): Loss | undefined {
  for (const drop of drops(evidence)) {
    if (!isLoss(drop)) continue
    // Also how a SYN ends that is answered again (tcp_v4_rcv): a loss only where nothing answered.
    if (drop.reason === 'NOT_SPECIFIED' && !unanswered(evidence)) continue
    const way = wayOf(drop, evidence)
    if (way === undefined) continue
    const rule = drop.reason === 'NETFILTER_DROP' ? ruleOf(drop.sender, way, evidence) : undefined
    const reason = rule === undefined ? drop.reason : `${drop.reason}, rule ${ruleName(rule)}`
    return { way, sender: drop.sender, segment: segmentName(drop), reason, confidence: 'certain', rule }
  }
  if (refusedToSend(evidence))
    return {
      way: 'out',
      sender: 'client',
      segment: 'SYN',
      reason: 'sending it fails with EPERM',
      confidence: 'likely',
      rule: ruleOf('client', 'out', evidence),
    }
  // Where drops are told, a rule that dropped nothing did not match after all.
  return watches(evidence, 'drop') ? undefined : (lossByRule(evidence) ?? lossByCounter(evidence))
}

/** Of a packet that the handshake waits for. */
function isLoss(drop: KernelDrop): boolean {
  const { segment, sender } = drop
  if (!isLost(drop)) return false
  if (segment === 'syn') return sender === 'client'
  return sender === 'server' && (segment === 'syn_ack' || segment === 'rst')
}

/** Reasons that only the way in has, and only the way out (include/net/dropreason-core.h). */
const IN: ReadonlySet<string> = new Set([
  'IP_RPFILTER',
  'TCP_CSUM',
  'IP_CSUM',
  'IP_INHDR',
  'OTHERHOST',
  'SOCKET_FILTER',
  'SOCKET_BACKLOG',
  'SOCKET_RCVBUFF',
  'XDP',
  'TC_INGRESS',
  'CPU_BACKLOG',
  'IP_LOCAL_SOURCE',
  'IP_INVALID_SOURCE',
  'IP_LOCALNET',
  'IP_INVALID_DEST',
  'IP_INADDRERRORS',
  'IP_INNOROUTES',
  'TCP_MINTTL',
])
const OUT: ReadonlySet<string> = new Set([
  'TC_EGRESS',
  'QDISC_DROP',
  'BPF_CGROUP_EGRESS',
  'IP_OUTNOROUTES',
  'FULL_RING',
])

function wayOf(drop: KernelDrop, evidence: Evidence): Way | undefined {
  const { reason, sender, segment, netns } = drop
  // For nobody's MAC address: a loss on the way in only where it had come to the host that it was for.
  if (reason === 'OTHERHOST' && namespaceOf(otherSide(sender), evidence) !== netns) return undefined
  if (IN.has(reason)) return isAt(otherSide(sender), drop, evidence) ? 'in' : undefined
  if (OUT.has(reason)) return isAt(sender, drop, evidence) ? 'out' : undefined
  const own = namespaceOf(sender, evidence)
  const other = namespaceOf(otherSide(sender), evidence)
  if (netns !== null && (own !== other || own === undefined)) {
    // One that is not known is told from the other as soon as its end is not on this machine.
    if (netns === other && (own !== undefined || !evidence.here[sender])) return 'in'
    if (netns === own && (other !== undefined || !evidence.here[otherSide(sender)])) return 'out'
    // Elsewhere on this machine (a router in a namespace): nobody's end, so neither of the two.
    if (netns !== own && (own ?? other) !== undefined) return undefined
  }
  const ways = new Set(matchingRules(evidence, 'drop').map((rule) => wayOfRule(rule, sender)))
  if (ways.size === 1) return [...ways][0]
  // In one namespace both ways are at both ends; the tap stands between them.
  const wire = wireOf(evidence)
  if (wire === undefined || netns === null || own === undefined) return undefined
  if (segment === 'syn') return wire.syns > 0 ? 'in' : 'out'
  return segment === 'syn_ack' && wire.synAcks === 0 ? 'out' : 'in'
}

/** Not at somebody's whom the packet reached by mistake, nor at a router. */
function isAt(side: Side, { netns }: KernelDrop, evidence: Evidence): boolean {
  const own = namespaceOf(side, evidence)
  return netns === null || own === undefined ? evidence.here[side] : own === netns
}

function namespaceOf(side: Side, evidence: Evidence): number | undefined {
  const told = kernelOf(evidence)?.netns[side]
  if (told !== undefined || !evidence.here[side]) return told
  const sockets = socketsOf(evidence)
  const own = side === 'server' ? sockets?.listeners.find(({ sameNetns }) => sameNetns)?.netns : undefined
  return sockets?.[side]?.netns ?? own ?? undefined
}

const WAY_OF_HOOK: Readonly<Record<FirewallRule['hook'], Way | undefined>> = {
  output: 'out',
  postrouting: 'out',
  egress: 'out',
  input: 'in',
  prerouting: 'in',
  ingress: 'in',
  forward: undefined,
}

function wayOfRule({ hook, end }: FirewallRule, sender: Side): Way | undefined {
  return WAY_OF_HOOK[hook] ?? (end === sender ? 'out' : 'in')
}

/** The rule that catches what `sender` sends, on its way out at its own end or in at the other. */
function ruleOf(sender: Side, way: Way, evidence: Evidence): FirewallRule | undefined {
  const end = way === 'out' ? sender : otherSide(sender)
  return matchingRules(evidence, 'drop').find((rule) => rule.end === end && wayOfRule(rule, sender) === way)
}

/** Netfilter made every attempt to send the SYN fail, so none is on the wire. */
function refusedToSend(evidence: Evidence): boolean {
  const wire = wireOf(evidence)
  if (wire === undefined || wire.syns > 0 || !evidence.here.client) return false
  return kernelOf(evidence)?.retransmitError === 'EPERM'
}

/** In the order of the path: what is dropped first never comes to the next. */
function lossByRule(evidence: Evidence): Loss | undefined {
  const wire = wireOf(evidence)
  const path: readonly (readonly [Side, Way, boolean])[] = [
    ['client', 'out', wire === undefined || wire.syns === 0],
    ['client', 'in', unanswered(evidence)],
    ['server', 'out', unanswered(evidence)],
    ['server', 'in', !unanswered(evidence)],
  ]
  for (const [sender, way, fits] of path) {
    const rule = fits ? ruleOf(sender, way, evidence) : undefined
    if (rule === undefined) continue
    const segment = sender === 'client' ? 'SYN' : 'SYN+ACK'
    return { way, sender, segment, reason: `rule ${ruleName(rule)}`, confidence: 'likely', rule }
  }
  return undefined
}

/** Counters of the server's namespace that moved at least once for every SYN. */
const COUNTERS = [
  ['IPReversePathFilter', 'reverse path filter (IP_RPFILTER)'],
  ['InCsumErrors', 'bad checksum (TCP_CSUM)'],
] as const

function lossByCounter(evidence: Evidence): Loss | undefined {
  const wire = wireOf(evidence)
  if (!evidence.here.server || wire === undefined || wire.syns === 0 || !unanswered(evidence))
    return undefined
  for (const [name, reason] of COUNTERS)
    if (counter(evidence, 'server', name) >= wire.syns)
      return { way: 'in', sender: 'client', segment: 'SYN', reason, confidence: 'likely' }
  return undefined
}

function conntrackFull(evidence: Evidence, side: Side): number | undefined {
  const table = socketsOf(evidence)?.conntrack?.[side]
  return table !== undefined && table.count >= table.max ? table.max : undefined
}

function adviceFor({ reason, rule }: Loss, host: Side, full: number | undefined): readonly string[] {
  if (rule !== undefined) return ruleAdvice(rule)
  if (full !== undefined)
    return [`on the ${host}'s host: sysctl -w net.netfilter.nf_conntrack_max=${full * 2}`]
  if (reason.includes('NETFILTER_DROP') || reason.includes('EPERM'))
    return ruleAdvice(undefined, `the ${host}'s host`)
  if (reason.includes('IP_RPFILTER'))
    return [
      `on the ${host}'s host: give it a route back by the same interface, or sysctl -w net.ipv4.conf.all.rp_filter=2 (loose)`,
    ]
  const name = /^[A-Z_]+/.exec(reason)?.[0]
  return (
    ADVICE[name ?? ''] ?? [
      `on the ${host}'s host, who drops it: perf trace -e skb:kfree_skb --filter 'reason>1'`,
    ]
  )
}

const ADVICE: Readonly<Record<string, readonly string[]>> = {
  SOCKET_FILTER: ['the listening program has set a socket filter (SO_ATTACH_FILTER): ss -lntb shows it'],
  OTHERHOST: [
    'the packet carries the wrong MAC address: ip neigh show on the sender, ip link show on the receiver',
  ],
  TCP_CSUM: [
    'find what damages the packets: ethtool -K DEVICE tx off on the sender shows whether its offload does',
  ],
  IP_LOCAL_SOURCE: ['two hosts have the same address: ip addr show on both'],
  IP_INVALID_SOURCE: ["the sender's address cannot be one: ip addr show on the sender"],
  XDP: ['an XDP program drops it: ip link show, bpftool net'],
  TC_INGRESS: ['a tc filter or BPF program drops it: tc filter show dev DEVICE ingress'],
  TC_EGRESS: ['a tc filter or BPF program drops it: tc filter show dev DEVICE egress'],
  QDISC_DROP: ['the queue of the interface is full: tc -s qdisc show'],
  BPF_CGROUP_EGRESS: ['a cgroup program drops it: bpftool cgroup tree'],
}
