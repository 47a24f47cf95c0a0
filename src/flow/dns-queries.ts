import { formatAddress } from '../wire/address.ts'
import type { DnsMessage } from '../wire/dns.ts'
import { KIND_TCP, type PacketStack } from '../wire/stack.ts'
import { NANOS_PER_SECOND } from './time.ts'

/** Questions that wait for their answer at a time; the one asked longest ago leaves first. About 200 bytes each. */
const CAPACITY = 4096
/** Resolvers give up long before, seconds. */
const PATIENCE = 30

/**
 * The DNS queries on the wire that are still unanswered. What comes from port 53 without having been asked for says
 * nothing about anybody's names: any program can send such a datagram. As a resolver does (RFC 5452 section 9.1), an
 * answer is held against the ends, the id and the question of its query, and the first one counts.
 */
export class DnsQueries {
  /** When each was asked, nanoseconds on the capture's clock; the oldest first. */
  readonly #asked = new Map<string, number>()

  /** A message that `stack` (borrowed) carries to port 53. */
  ask(message: DnsMessage, stack: PacketStack, time: number): void {
    if (message.isResponse || message.question === undefined) return
    const key = keyOf(message, stack)
    this.#asked.delete(key)
    this.#asked.set(key, time)
    if (this.#asked.size <= CAPACITY) return
    for (const oldest of this.#asked.keys()) {
      this.#asked.delete(oldest)
      return
    }
  }

  /** Whether a message from port 53 answers one of them, which it takes away. */
  answer(message: DnsMessage, stack: PacketStack, time: number): boolean {
    if (!message.isResponse || message.question === undefined) return false
    const key = keyOf(message, stack)
    const asked = this.#asked.get(key)
    if (asked === undefined) return false
    this.#asked.delete(key)
    return time - asked <= PATIENCE * NANOS_PER_SECOND
  }
}

/** The same for a query and for its answer. A server may repeat the name in another case (RFC 4343). */
function keyOf({ id, question, isResponse }: DnsMessage, stack: PacketStack): string {
  const { family, source, destination, sourcePort, destinationPort, kind } = stack
  const [client, server] = isResponse ? [destination, source] : [source, destination]
  const ends = `${formatAddress(family, client)} ${isResponse ? destinationPort : sourcePort} ${formatAddress(family, server)}`
  const { name, type } = question!
  return `${kind === KIND_TCP ? 'tcp' : 'udp'} ${ends} ${id} ${type} ${name.toLowerCase()}`
}
