import { formatAddress } from '../wire/address.ts'
import { type DnsMessage, RCODE_NONE, readDnsDatagram, readDnsSegment } from '../wire/dns.ts'
import { DNS_PORT } from '../wire/ports.ts'
import { KIND_TCP, type PacketStack } from '../wire/stack.ts'
import { DnsQueries } from './dns-queries.ts'
import { NANOS_PER_SECOND } from './time.ts'

/** Addresses whose names are kept; the one learned longest ago leaves first. About 200 bytes each. */
const CAPACITY = 65_536
/** Programs and libraries keep an address longer than its TTL says: a name counts at least this long, seconds. */
const LEAST_TTL = 3600
/** And at most this long, as in most resolvers, seconds (RFC 8767 section 4). */
const LONGEST_TTL = 86_400
/** Names of one address that are kept: many sites share one. */
const NAMES_EACH = 4
/** Aliases of aliases that are followed, as resolvers do. */
const MOST_ALIASES = 16

interface Known {
  readonly name: string
  /** Nanoseconds on the capture's clock. */
  readonly from: number
  readonly until: number
}

/**
 * The names by which addresses were asked for, from the answers seen on the wire: what the program that connects
 * called its server. Pure; time is that of the packets.
 */
export class DnsNames {
  /** Newest last. */
  readonly #byAddress = new Map<string, Known[]>()
  readonly #queries = new DnsQueries()

  /** Addresses that have, or had, a name. */
  get size(): number {
    return this.#byAddress.size
  }

  /**
   * One decoded packet to or from port 53 (borrowed). Returns the answers in it to queries that were seen, for whoever
   * wants more than the names; all others are passed over.
   */
  packet(stack: PacketStack, time: number): readonly DnsMessage[] {
    const isAnswer = stack.sourcePort === DNS_PORT
    if ((!isAnswer && stack.destinationPort !== DNS_PORT) || stack.payloadCaptured === 0) return NONE
    const { bytes } = stack.datagram
    const end = stack.payloadOffset + stack.payloadCaptured
    const read = stack.kind === KIND_TCP ? readDnsSegment : readDnsDatagram
    const messages = read(bytes, stack.payloadOffset, end)
    // From port 53 to port 53, as some name servers ask each other, either is possible.
    for (const message of messages) this.#queries.ask(message, stack, time)
    if (!isAnswer) return NONE
    const answers = messages.filter((message) => this.#queries.answer(message, stack, time))
    for (const message of answers) this.learn(message, time)
    return answers
  }

  /** What an answer to a query that was seen says. */
  learn(message: DnsMessage, time: number): void {
    const { question, answers, isResponse, opcode, rcode } = message
    if (!isResponse || opcode !== 0 || rcode !== RCODE_NONE || question === undefined) return
    const names = withAliases(question.name, message)
    for (const answer of answers)
      if ('address' in answer && names.has(answer.name.toLowerCase())) {
        const { family, words } = answer.address
        this.#add(formatAddress(family, words), question.name, answer.ttl, time)
      }
  }

  /** The name under which this address (canonical text) was last learned before `time`, while it counts. */
  find(address: string, time: number): string | undefined {
    return this.#byAddress.get(address)?.findLast(({ from, until }) => from <= time && time <= until)?.name
  }

  /** Whether both addresses were learned under one name before `time`, and still count. */
  share(a: string, b: string, time: number): boolean {
    const names = (address: string): string[] =>
      (this.#byAddress.get(address) ?? [])
        .filter(({ from, until }) => from <= time && time <= until)
        .map(({ name }) => name.toLowerCase())
    const others = new Set(names(b))
    return names(a).some((name) => others.has(name))
  }

  /** The name that this address was last learned by. */
  latest(address: string): string | undefined {
    return this.#byAddress.get(address)?.at(-1)?.name
  }

  #add(address: string, name: string, ttl: number, from: number): void {
    const until = from + Math.min(Math.max(ttl, LEAST_TTL), LONGEST_TTL) * NANOS_PER_SECOND
    const others = (this.#byAddress.get(address) ?? []).filter((known) => known.name !== name)
    // An answer repeated (also as a duplicate packet) only lengthens what is known.
    const before = this.#byAddress.get(address)?.at(-1)
    const since = before?.name === name && before.until >= from ? before.from : from
    this.#byAddress.delete(address)
    this.#byAddress.set(address, [...others.slice(1 - NAMES_EACH), { name, from: since, until }])
    if (this.#byAddress.size <= CAPACITY) return
    for (const oldest of this.#byAddress.keys()) {
      this.#byAddress.delete(oldest)
      return
    }
  }
}

const NONE: readonly DnsMessage[] = []

/** The name that was asked and those that it is an alias of, directly or not, in lower case (RFC 4343). */
function withAliases(asked: string, { answers }: DnsMessage): ReadonlySet<string> {
  const names = new Set([asked.toLowerCase()])
  let size = 0
  // Records may stand in any order; each round adds at least one name or is the last.
  for (let round = 0; round < MOST_ALIASES && names.size > size; round++) {
    size = names.size
    for (const answer of answers)
      if ('target' in answer && names.has(answer.name.toLowerCase())) names.add(answer.target.toLowerCase())
  }
  return names
}
