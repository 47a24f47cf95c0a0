import { type Address, parseAddress } from '../wire/address.ts'
import { evaluateRule, type FilteredPacket, type Outcome } from './nft-rule.ts'
import type { NftBase, NftChain, NftRule, NftTable } from './nft-ruleset.ts'

/** What keeps a packet from going on: a rule, or the policy of a base chain. */
export interface Obstacle {
  readonly table: NftTable
  readonly chain: NftChain
  readonly base: NftBase
  /** Absent where it is the chain's policy. */
  readonly rule?: NftRule
  readonly action: 'drop' | 'reject'
  /** Every condition on the way there is understood, and holds. */
  readonly exact: boolean
}

/** Where a packet went, and what was in its way. */
export interface Passage {
  readonly obstacles: readonly Obstacle[]
  /** It was certainly dropped or rejected. */
  readonly stopped: boolean
  /** The packet as it left, after a translation of its destination. */
  readonly packet: FilteredPacket
}

/** The kernel's limit of nested jumps (NFT_JUMP_STACK_SIZE). */
const DEPTH = 16

interface Step {
  readonly end: 'accept' | 'stop' | 'return' | 'end'
  readonly exact: boolean
}

interface Walk {
  readonly table: NftTable
  readonly base: NftBase
  packet: FilteredPacket
  readonly obstacles: Obstacle[]
}

/** Sends a packet through the base chains of `hook`, in the kernel's order. */
export function passHook(tables: readonly NftTable[], hook: string, packet: FilteredPacket): Passage {
  const { family } = packet.destination
  const device = hook === 'egress' ? packet.out : packet.in
  const chains = tables
    .filter((table) => !table.dormant && sees(table.family, family, hook))
    .flatMap((table) => [...table.chains.values()].map((chain) => ({ table, chain })))
    .flatMap(({ table, chain }) => (chain.base?.hook === hook ? [{ table, chain, base: chain.base }] : []))
    .filter(
      ({ base }) => base.devices.length === 0 || (device !== undefined && base.devices.includes(device)),
    )
    .sort((a, b) => a.base.priority - b.base.priority)
  const obstacles: Obstacle[] = []
  let current = packet
  for (const { table, chain, base } of chains) {
    const walk: Walk = { table, base, packet: current, obstacles }
    const { end, exact } = walkChain(walk, chain, true, 0)
    if (end !== 'accept' && end !== 'stop' && base.policy === 'drop')
      obstacles.push({ table, chain, base, action: 'drop', exact })
    current = walk.packet
    if (obstacles.at(-1)?.exact) return { obstacles, stopped: true, packet: current }
  }
  return { obstacles, stopped: false, packet: current }
}

/** `ingress` is a device's own hook, before the families part. */
function sees(table: string, family: 4 | 6, hook: string): boolean {
  if (table === 'inet') return true
  if (table === 'netdev') return hook === 'ingress' || hook === 'egress'
  return table === (family === 4 ? 'ip' : 'ip6')
}

function walkChain(walk: Walk, chain: NftChain, known: boolean, depth: number): Step {
  let exact = known
  for (const rule of chain.rules)
    for (const outcome of evaluateRule(rule, walk.packet, walk.table)) {
      const step = follow(walk, chain, rule, outcome, exact, depth)
      exact = step.exact
      if (step.end !== 'end') return step
    }
  return { end: 'end', exact }
}

/** One rule. What it does under a condition that is not known leaves everything behind it uncertain. */
function follow(
  walk: Walk,
  chain: NftChain,
  rule: NftRule,
  { truth, verdict, target }: Outcome,
  exact: boolean,
  depth: number,
): Step {
  if (truth === false || verdict === '') return { end: 'end', exact }
  const sure = truth === true
  const perhaps = (step: Step): Step => (sure ? step : { end: 'end', exact: false })
  switch (verdict) {
    case 'drop':
    case 'reject':
      walk.obstacles.push({ ...place(walk, chain), rule, action: verdict, exact: exact && sure })
      return perhaps({ end: 'stop', exact })
    case 'jump':
    case 'goto': {
      const next = walk.table.chains.get(target ?? '')
      if (next === undefined || depth >= DEPTH) return { end: 'end', exact: false }
      const step = walkChain(walk, next, exact && sure, depth + 1)
      if (step.end === 'accept' || step.end === 'stop') return perhaps(step)
      return perhaps({ end: verdict === 'goto' ? 'return' : 'end', exact: step.exact })
    }
    case 'return':
      return perhaps({ end: 'return', exact })
    case 'dnat':
    case 'redirect':
      if (sure) walk.packet = translate(walk.packet, verdict, target)
      return perhaps({ end: 'accept', exact })
    case 'accept':
      return perhaps({ end: 'accept', exact })
    default:
      return { end: 'end', exact: false }
  }
}

function place({ table, base }: Walk, chain: NftChain): Pick<Obstacle, 'table' | 'chain' | 'base'> {
  return { table, chain, base }
}

/** `10.9.8.2:80`, `[fd00::2]:80`, `10.9.8.2`, `:80`; a map or range leaves the packet as it is. */
function translate(packet: FilteredPacket, verdict: string, target = ''): FilteredPacket {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:]*|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(target) ?? []
  const address: Address | undefined = parseAddress(bracketed ?? plain ?? '')
  const destination = verdict === 'dnat' && address !== undefined ? address : packet.destination
  return { ...packet, destination, ...(port !== undefined && { destinationPort: Number(port) }) }
}
