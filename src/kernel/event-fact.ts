import { formatIpv4, formatIpv6 } from '../wire/address.ts'
import { type EventFormat, printedNames } from './event-format.ts'
import type { KernelEnd, KernelFact } from './fact.ts'
import { isMadeByCaller, tcpStateName } from './tcp-states.ts'

const AF_INET6 = 10
const TCP = 6
const UDP = 17
/** `saddr` of `tcp_send_reset` is a whole `struct sockaddr_in6` since Linux 6.10; all others are bare addresses. */
const SOCKADDR_LENGTH = 28

/** What a tracepoint's record does not say itself. */
export interface EventContext {
  /** errno name of a positive number. */
  error(number: number): string
  /** Name of a process, where it is known. */
  comm(pid: number): string | undefined
}

/** Makes facts of the records of one tracepoint, by the fields that its format has. They never tell a namespace. */
export class EventFacts {
  readonly #format: EventFormat
  readonly #context: EventContext
  readonly #resetReasons: ReadonlyMap<number, string>

  constructor(format: EventFormat, context: EventContext) {
    this.#format = format
    this.#context = context
    this.#resetReasons = printedNames(format.print, 'reason')
  }

  /** The record at `offset`; `undefined` when it is too short, or tells nothing of TCP or UDP. */
  read(view: DataView, offset: number, length: number, at: number, pid: number): KernelFact | undefined {
    for (const field of this.#format.fields.values()) if (field.offset + field.size > length) return undefined
    const record = new Fields(this.#format, view, offset)
    const protocol = record.number('protocol') ?? TCP
    if (protocol !== TCP && protocol !== UDP) return undefined
    const local = record.end('saddr', 'sport')
    const remote = record.end('daddr', 'dport')
    const base = { at, netns: null, proto: protocol === UDP ? 'udp' : 'tcp', local, remote } as const
    const state = tcpStateName(record.number('state') ?? 0)
    switch (this.#format.name) {
      case 'inet_sock_set_state':
        return this.#state(record, base, pid)
      case 'inet_sk_error_report': {
        const error = record.number('error') ?? 0
        // None, or of a socket that has no peer any more: it was closed with linger 0 and nobody gets the error.
        if (error === 0 || (protocol === TCP && remote.port === 0)) return undefined
        return { fact: 'error', ...base, error: this.#context.error(error) }
      }
      case 'tcp_send_reset':
        return {
          fact: 'reset_sent',
          ...base,
          reason: this.#resetReasons.get(record.number('reason') ?? -1) ?? null,
          state: record.number('state') === 0 ? null : state,
          active: record.address('skbaddr') === 0,
        }
      case 'tcp_receive_reset':
        return { fact: 'reset_received', ...base }
      case 'tcp_retransmit_skb': {
        const error = record.number('err') ?? 0
        return {
          fact: 'retransmit',
          ...base,
          state,
          ...(error < 0 && { error: this.#context.error(-error) }),
        }
      }
      case 'tcp_retransmit_synack':
        return { fact: 'retransmit_synack', ...base }
      default:
        return undefined
    }
  }

  #state(record: Fields, base: Base, pid: number): KernelFact {
    const from = record.number('oldstate') ?? 0
    const to = record.number('newstate') ?? 0
    const comm = isMadeByCaller(from, to) && pid > 0 ? this.#context.comm(pid) : undefined
    return {
      fact: 'state',
      ...base,
      socket: record.address('skaddr'),
      from: tcpStateName(from),
      to: tcpStateName(to),
      ...(comm !== undefined && { pid, comm }),
    }
  }
}

interface Base {
  readonly at: number
  readonly netns: null
  readonly proto: 'tcp' | 'udp'
  readonly local: KernelEnd
  readonly remote: KernelEnd
}

/** One record by the names of its fields, numbers in host order. */
class Fields {
  readonly #format: EventFormat
  readonly #view: DataView
  readonly #start: number

  constructor(format: EventFormat, view: DataView, start: number) {
    this.#format = format
    this.#view = view
    this.#start = start
  }

  number(name: string): number | undefined {
    const field = this.#format.fields.get(name)
    if (field === undefined) return undefined
    const at = this.#start + field.offset
    if (field.size === 1) return this.#view.getUint8(at)
    if (field.size === 2) return this.#view.getUint16(at, true)
    return this.#view.getInt32(at, true)
  }

  /** The low 48 bits of a pointer; 0 without one. */
  address(name: string): number {
    const field = this.#format.fields.get(name)
    if (field === undefined) return 0
    const at = this.#start + field.offset
    return this.#view.getUint32(at, true) + this.#view.getUint16(at + 4, true) * 0x1_0000_0000
  }

  /** An end by the names of its IPv4 address (`_v6` is its IPv6 one) and its port. */
  end(address: string, port: string): KernelEnd {
    const v4 = this.#format.fields.get(address)
    if (v4 === undefined) return { addr: '0.0.0.0', port: 0 }
    const at = this.#start + v4.offset
    if (v4.size === SOCKADDR_LENGTH) return this.#sockaddr(at)
    const v6 = this.#format.fields.get(`${address}_v6`)
    const number = this.number(port) ?? 0
    if (this.number('family') !== AF_INET6 || v6 === undefined)
      return { addr: formatIpv4(this.#view.getUint32(at)), port: number }
    return { addr: this.#ipv6(this.#start + v6.offset, this.#hasMapped()), port: number }
  }

  #sockaddr(at: number): KernelEnd {
    const port = this.#view.getUint16(at + 2)
    if (this.#view.getUint16(at, true) !== AF_INET6)
      return { addr: formatIpv4(this.#view.getUint32(at + 4)), port }
    return { addr: this.#ipv6(at + 8, this.#isMapped(at + 8)), port }
  }

  #hasMapped(): boolean {
    return ['saddr_v6', 'daddr_v6'].some((name) => {
      const field = this.#format.fields.get(name)
      return field !== undefined && this.#isMapped(this.#start + field.offset)
    })
  }

  /** ::ffff:0:0/96, RFC 4291 section 2.5.5.2. */
  #isMapped(at: number): boolean {
    const view = this.#view
    return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 && view.getUint32(at + 8) === 0xffff
  }

  #ipv6(at: number, mapped: boolean): string {
    const view = this.#view
    const last = view.getUint32(at + 12)
    if (mapped) return formatIpv4(last)
    return formatIpv6(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), last)
  }
}
