import type { Address } from '../wire/address.ts'
import { listOf, type NftRule, type NftTable } from './nft-ruleset.ts'
import { isProtocol, matchAddress, matchDevice, matchFlags, matchNumber, type Truth } from './nft-value.ts'

/** One packet of a connection on its way through one network namespace. */
export interface FilteredPacket {
  readonly proto: 'tcp' | 'udp'
  readonly source: Address
  readonly sourcePort: number
  readonly destination: Address
  readonly destinationPort: number
  /** The device that it comes in through, in the hooks before routing and for this host. */
  readonly in?: string | undefined
  /** The device that it leaves through. */
  readonly out?: string | undefined
  /** As connection tracking sees it. */
  readonly state: 'new' | 'established'
  /** From the one who began the connection, or from the other. */
  readonly direction: 'original' | 'reply'
  /** TCP flags where one certain segment is meant: the SYN 0x02, its answer 0x12. */
  readonly flags?: number | undefined
}

export interface Outcome {
  /** Whether the rule matches; `undefined` where it has a condition that is not understood. */
  readonly truth: Truth
  /** `drop`, `reject`, `accept`, `return`, `jump`, `goto`, `dnat`, `maybe` (a user program decides); `''` goes on. */
  readonly verdict: string
  /** Chain that is jumped to, or the new destination. */
  readonly target?: string
}

const VERDICTS: ReadonlySet<string> = new Set([
  'accept',
  'drop',
  'reject',
  'return',
  'jump',
  'goto',
  'continue',
  'dnat',
  'redirect',
  'snat',
  'masquerade',
  'queue',
  'tproxy',
  'synproxy',
])
/** Statements that change nothing about whether the rule matches, and how many words they take after their own. */
const PASSING: ReadonlyMap<string, number> = new Map(
  Object.entries({
    counter: 0,
    packets: 1,
    bytes: 1,
    log: 0,
    prefix: 1,
    level: 1,
    group: 1,
    snaplen: 1,
    'queue-threshold': 1,
    comment: 1,
    notrack: 0,
  }),
)
const OPERATORS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>='])
/** Compares a field of the packet with a value as the rule has it. */
type Compare = (value: readonly string[]) => Truth

/** A field, or `false` for one that none of the connection's packets has. */
type Field = Compare | false

/** What a rule does with a packet: one outcome, or several where a verdict map decides. */
export function evaluateRule(rule: NftRule, packet: FilteredPacket, table: NftTable): Outcome[] {
  const { words } = rule
  let truth: true | undefined = true
  for (let at = 0; at < words.length; ) {
    const word = words[at]!
    if (VERDICTS.has(word)) return [{ truth, ...verdictOf(words, at) }]
    const passing = PASSING.get(word)
    if (passing !== undefined) {
      at += 1 + passing
      continue
    }
    const found = fieldAt(words, at, packet)
    if (found === undefined) {
      // A mark that is set is no condition.
      if (words[at + 2] !== 'set') truth = undefined
      at = skipUnknown(words, at)
      continue
    }
    const { field, length } = found
    if (field === false) return []
    at += length
    if (words[at] === 'vmap') return verdictMap(words, at + 1, truth, field, table)
    const read = readComparison(words, at, field, table)
    if (read.truth === false) return []
    truth = read.truth && truth
    at = read.next
  }
  return [{ truth, verdict: '' }]
}

/** The field that begins at `at`, with how many words name it. A concatenation is not understood. */
function fieldAt(
  words: readonly string[],
  at: number,
  packet: FilteredPacket,
): { field: Field; length: number } | undefined {
  const pair = pairField(words[at]!, words[at + 1] ?? '', packet)
  const field = pair ?? deviceField(words[at]!, packet)
  const length = pair === undefined ? 1 : 2
  return field === undefined || words[at + length] === '.' ? undefined : { field, length }
}

function pairField(of: string, name: string, packet: FilteredPacket): Field | undefined {
  const { source, destination, proto } = packet
  switch (`${of} ${name}`) {
    case 'ip saddr':
    case 'ip6 saddr':
      return isFamily(of, source) && ((value) => matchAddress(value, source))
    case 'ip daddr':
    case 'ip6 daddr':
      return isFamily(of, source) && ((value) => matchAddress(value, destination))
    case 'tcp sport':
    case 'udp sport':
    case 'th sport':
      return isLayer(of, proto) && ((value) => matchNumber(value, packet.sourcePort))
    case 'tcp dport':
    case 'udp dport':
    case 'th dport':
      return isLayer(of, proto) && ((value) => matchNumber(value, packet.destinationPort))
    case 'tcp flags':
      return isLayer(of, proto) && ((value) => matchFlags(value, packet.flags))
    case 'ip protocol':
    case 'ip6 nexthdr':
      return isFamily(of, source) && ((value) => isProtocol(value, proto))
    case 'meta l4proto':
      return (value) => isProtocol(value, proto)
    case 'meta nfproto':
      return ([value]) => value === `ipv${source.family}`
    case 'meta protocol':
      return ([value]) => value === (source.family === 4 ? 'ip' : 'ip6')
    case 'ct state':
      return ([value]) => value === packet.state
    case 'ct direction':
      return ([value]) => value === packet.direction
    case 'icmp type':
    case 'icmpv6 type':
      return false
    default:
      return undefined
  }
}

function deviceField(word: string, { in: incoming, out }: FilteredPacket): Field | undefined {
  if (word === 'iif' || word === 'iifname') return (value) => matchDevice(value, incoming)
  if (word === 'oif' || word === 'oifname') return (value) => matchDevice(value, out)
  return undefined
}

function isFamily(of: string, address: Address): boolean {
  return (of === 'ip' ? 4 : 6) === address.family
}

function isLayer(of: string, proto: string): boolean {
  return of === 'th' || of === proto
}

/** Operator and value: one word, words with commas, a set in brackets, or the name of one. */
function readComparison(
  words: readonly string[],
  start: number,
  compare: Compare,
  table: NftTable,
): { truth: Truth; next: number } {
  let at = start
  const operator = OPERATORS.has(words[at]!) ? words[at++]! : '=='
  let values: readonly (readonly string[])[] | undefined
  if (words[at] === '{') {
    const end = words.indexOf('}', at)
    values = listOf(words.slice(at))
    at = end === -1 ? words.length : end + 1
  } else if (words[at]?.startsWith('@')) {
    values = table.sets.get(words[at]!.slice(1))
    at += 1
  } else {
    // `syn / syn,ack`: a mask belongs to the value.
    const value = [words[at++] ?? '']
    const list: string[][] = [value]
    while (words[at] === ',' || words[at] === '/')
      if (words[at] === ',' && !value.includes('/')) {
        list.push([words[at + 1] ?? ''])
        at += 2
      } else {
        value.push(words[at]!, words[at + 1] ?? '')
        at += 2
      }
    values = list
  }
  if (values === undefined) return { truth: undefined, next: at }
  if (operator !== '==' && operator !== '!=')
    return { truth: compare([`${operator}${values[0]?.[0]}`]), next: at }
  const truth = any(values.map((value) => compare(value)))
  return { truth: operator === '!=' && truth !== undefined ? !truth : truth, next: at }
}

/** `FIELD vmap { KEY : VERDICT, … }`: the element that matches decides, at most one does. */
function verdictMap(
  words: readonly string[],
  at: number,
  truth: Truth,
  compare: Compare,
  table: NftTable,
): Outcome[] {
  const elements = words[at] === '{' ? listOf(words.slice(at)) : table.sets.get(words[at]?.slice(1) ?? '')
  if (elements === undefined) return [{ truth: undefined, verdict: 'maybe' }]
  const outcomes: Outcome[] = []
  for (const element of elements) {
    const colon = element.indexOf(':')
    if (colon === -1) continue
    const key = compare(element.slice(0, colon))
    if (key === false) continue
    outcomes.push({ truth: key === true ? truth : undefined, ...verdictOf(element, colon + 1) })
  }
  return outcomes
}

function verdictOf(words: readonly string[], at: number): { verdict: string; target?: string } {
  const word = words[at]!
  if (word === 'jump' || word === 'goto') return { verdict: word, target: words[at + 1] ?? '' }
  if (word === 'dnat' || word === 'redirect') {
    const to = words.indexOf('to', at)
    return { verdict: word, ...(to !== -1 && { target: words[to + 1] ?? '' }) }
  }
  // Source translation changes nothing that is asked here, and ends the chain.
  if (word === 'snat' || word === 'masquerade') return { verdict: 'accept' }
  if (word === 'queue' || word === 'tproxy' || word === 'synproxy') return { verdict: 'maybe' }
  return { verdict: word === 'continue' ? '' : word }
}

/** Where to read on behind an expression that is not understood: at the next field or verdict that stands alone. */
function skipUnknown(words: readonly string[], start: number): number {
  for (let at = start + 1; at < words.length; at++) {
    const word = words[at]!
    if (VERDICTS.has(word) || word === 'counter' || word === 'log' || word === 'comment') return at
    const pair = `${word} ${words[at + 1]}`
    if (/^(?:tcp|udp|th) [sd]port$|^ip6? [sd]addr$/.test(pair) && words[at - 1] !== '.') return at
  }
  return words.length
}

function any(truths: readonly Truth[]): Truth {
  return truths.includes(true) ? true : truths.includes(undefined) ? undefined : false
}
