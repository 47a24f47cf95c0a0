import type { Address } from './address.ts'

// RFC 1035 section 4.1.1: six 16-bit fields.
const FLAGS = 2
const QUESTION_COUNT = 4
const ANSWER_COUNT = 6
const HEADER_LENGTH = 12
// Section 4.1.3, behind the owner's name.
const TTL = 4
const DATA_LENGTH = 8
const RECORD_LENGTH = 10

const FLAG_RESPONSE = 0x8000
const MASK_OPCODE = 0x7800
const FLAG_TRUNCATED = 0x0200
const MASK_RCODE = 0x000f

const CLASS_IN = 1
/** Section 3.1: octets of a name, lengths and the final zero included. */
const MAX_NAME = 255
/** Answers that are read; more than a resolver ever gives for one name. */
const MAX_ANSWERS = 256

export const DNS_A = 1
export const DNS_CNAME = 5
export const DNS_AAAA = 28

export const RCODE_NONE = 0
export const RCODE_SERVFAIL = 2
export const RCODE_NXDOMAIN = 3

export interface DnsQuestion {
  readonly name: string
  /** `DNS_A`, `DNS_AAAA`, or another number (IANA, "DNS Parameters"). */
  readonly type: number
}

/** An answer of class IN: an address, or the name that `name` is an alias of. `ttl` is seconds. */
export type DnsAnswer =
  | { readonly name: string; readonly ttl: number; readonly address: Address }
  | { readonly name: string; readonly ttl: number; readonly target: string }

/**
 * What is read of a DNS message. Names are as sent, in ASCII without the final dot (the root is `.`), unusual octets
 * escaped as in a zone file (`\.`, `\007`; RFC 1035 section 5.1), so that they are safe on a terminal.
 */
export interface DnsMessage {
  readonly id: number
  readonly isResponse: boolean
  /** 0 is a standard query. */
  readonly opcode: number
  /** Four bits: 0 none, 2 SERVFAIL, 3 NXDOMAIN, … */
  readonly rcode: number
  /** The server had more than fitted: the client asks again over TCP. */
  readonly isTruncated: boolean
  /** Absent unless there is exactly one. */
  readonly question?: DnsQuestion
  /** A, AAAA and CNAME, in order; others are passed over. */
  readonly answers: readonly DnsAnswer[]
  /** False when bytes were missing or wrong before the last answer; what came before them is there. */
  readonly isWhole: boolean
}

/** The message of one UDP datagram, `bytes` from `start` to `end`; none when its header is not there. Never throws. */
export function readDnsDatagram(bytes: Uint8Array, start: number, end: number): DnsMessage[] {
  const stop = Math.min(end, bytes.length)
  return start + HEADER_LENGTH > stop ? [] : [new DnsReader(bytes, start, stop).message()]
}

/**
 * The messages of one TCP segment, each behind its length (RFC 1035 section 4.2.2). Only whole ones: a message that
 * spans segments is passed over, since nothing is put together here.
 */
export function readDnsSegment(bytes: Uint8Array, start: number, end: number): DnsMessage[] {
  const stop = Math.min(end, bytes.length)
  const messages: DnsMessage[] = []
  let at = start
  while (at + 2 <= stop) {
    const length = bytes[at]! * 256 + bytes[at + 1]!
    if (length < HEADER_LENGTH || at + 2 + length > stop) break
    messages.push(...readDnsDatagram(bytes, at + 2, at + 2 + length))
    at += 2 + length
  }
  return messages
}

/** Reads one message front to back. */
class DnsReader {
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #end: number
  /** Where the next field is. */
  #at: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#at = start + HEADER_LENGTH
  }

  message(): DnsMessage {
    const start = this.#start
    const flags = this.#u16(start + FLAGS)
    const questions = this.#questions(this.#u16(start + QUESTION_COUNT))
    const answers: DnsAnswer[] = []
    const isWhole = questions !== undefined && this.#answers(this.#u16(start + ANSWER_COUNT), answers)
    const [question] = questions ?? []
    return {
      id: this.#u16(start),
      isResponse: (flags & FLAG_RESPONSE) !== 0,
      opcode: (flags & MASK_OPCODE) >> 11,
      rcode: flags & MASK_RCODE,
      isTruncated: (flags & FLAG_TRUNCATED) !== 0,
      ...(question !== undefined && questions?.length === 1 && { question }),
      answers,
      isWhole,
    }
  }

  #questions(count: number): DnsQuestion[] | undefined {
    const questions: DnsQuestion[] = []
    for (let i = 0; i < count; i++) {
      const name = this.#name()
      if (name === undefined || this.#at + 4 > this.#end) return undefined
      questions.push({ name, type: this.#u16(this.#at) })
      this.#at += 4
    }
    return questions
  }

  /** False when not all of them could be read. */
  #answers(count: number, answers: DnsAnswer[]): boolean {
    for (let i = 0; i < count; i++) {
      const name = this.#name()
      const at = this.#at
      if (name === undefined || at + RECORD_LENGTH > this.#end || answers.length === MAX_ANSWERS) return false
      const length = this.#u16(at + DATA_LENGTH)
      const data = at + RECORD_LENGTH
      if (data + length > this.#end) return false
      const ttl = this.#ttl(at + TTL)
      if (this.#u16(at + 2) === CLASS_IN && !this.#answer(this.#u16(at), name, ttl, data, length, answers))
        return false
      this.#at = data + length
    }
    return true
  }

  /** One record of class IN; false when its data is not what its type has. */
  #answer(
    type: number,
    name: string,
    ttl: number,
    data: number,
    length: number,
    answers: DnsAnswer[],
  ): boolean {
    if (type === DNS_CNAME) {
      this.#at = data
      const target = this.#name()
      if (target === undefined || this.#at !== data + length) return false
      answers.push({ name, ttl, target })
    } else if (type === DNS_A || type === DNS_AAAA) {
      if (length !== (type === DNS_A ? 4 : 16)) return false
      const words = new Uint32Array(4)
      for (let i = 0; i < length; i += 4)
        words[i >> 2] = this.#u16(data + i) * 0x10000 + this.#u16(data + i + 2)
      answers.push({ name, ttl, address: { family: type === DNS_A ? 4 : 6, words } })
    }
    return true
  }

  /** The name at the next field, which moves behind it; `undefined` when it is not one. */
  #name(): string | undefined {
    let text = ''
    let octets = 1
    let at = this.#at
    /** A pointer must lead before everything that was read of this name: so it ends. */
    let floor = at
    let after = 0
    for (;;) {
      if (at >= this.#end) return undefined
      const length = this.#bytes[at]!
      if (length >= 0xc0) {
        // Section 4.1.4: 14 bits from the message's start.
        if (at + 2 > this.#end) return undefined
        const target = this.#start + (this.#u16(at) & 0x3fff)
        if (after === 0) after = at + 2
        if (target >= floor) return undefined
        at = target
        floor = target
      } else if (length >= 0x40) return undefined
      else if (length === 0) break
      else {
        octets += length + 1
        if (octets > MAX_NAME || at + 1 + length > this.#end) return undefined
        text += `${text === '' ? '' : '.'}${this.#label(at + 1, length)}`
        at += length + 1
      }
    }
    this.#at = after === 0 ? at + 1 : after
    return text === '' ? '.' : text
  }

  #label(at: number, length: number): string {
    let text = ''
    for (let i = at; i < at + length; i++) {
      const octet = this.#bytes[i]!
      const isPlain = octet > 0x20 && octet < 0x7f
      if (octet === 0x2e || octet === 0x5c) text += `\\${String.fromCharCode(octet)}`
      else text += isPlain ? String.fromCharCode(octet) : `\\${String(octet).padStart(3, '0')}`
    }
    return text
  }

  /** Section 2.1.2 of RFC 2181: 31 bits; with the highest bit set it counts as 0. */
  #ttl(at: number): number {
    const high = this.#u16(at)
    return high >= 0x8000 ? 0 : high * 0x10000 + this.#u16(at + 2)
  }

  #u16(at: number): number {
    return this.#bytes[at]! * 256 + this.#bytes[at + 1]!
  }
}
