/** DNS messages for tests, as bytes (RFC 1035 section 4). */

type Bytes = ArrayLike<number>

export function concat(...parts: readonly Bytes[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)))
}

function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff]
}

/** A name; with `ends` false its final zero is left out, for a pointer to follow. */
export function name(text: string, ends = true): Uint8Array {
  const labels = text === '.' || text === '' ? [] : text.split('.')
  const bytes = labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')])
  return Uint8Array.from(ends ? [...bytes, 0] : bytes)
}

/** A name that stands at `offset` already. */
export function pointer(offset: number): number[] {
  return u16(0xc000 | offset)
}

export function record(owner: Bytes, type: number, ttl: number, data: Bytes, dnsClass = 1): Uint8Array {
  return concat(owner, u16(type), u16(dnsClass), u16(ttl >>> 16), u16(ttl), u16(data.length), data)
}

export interface ResponseParts {
  readonly flags?: number
  readonly type?: number
  /** The question's name as bytes, in place of `asked`. */
  readonly owner?: Bytes
  /** What the header says; one question is written. */
  readonly questions?: number
  readonly answers?: readonly Uint8Array[]
  readonly id?: number
}

/** A message with one question at offset 12; a good response unless `flags` says otherwise. */
export function response(asked: string, parts: ResponseParts = {}): Uint8Array {
  const { flags = 0x8180, type = 1, owner = name(asked), questions = 1, answers = [], id = 0x1234 } = parts
  const header = [id, flags, questions, answers.length, 0, 0].flatMap(u16)
  return concat(header, owner, u16(type), u16(1), ...answers)
}
