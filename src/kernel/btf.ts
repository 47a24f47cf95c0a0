/** Kinds of types (Documentation/bpf/btf.rst). */
const KIND_INT = 1
const KIND_ARRAY = 3
const KIND_STRUCT = 4
const KIND_UNION = 5
const KIND_ENUM = 6
const KIND_TYPEDEF = 8
const KIND_VOLATILE = 9
const KIND_CONST = 10
const KIND_FUNC = 12
const KIND_FUNC_PROTO = 13
const KIND_VAR = 14
const KIND_DATASEC = 15
const KIND_DECL_TAG = 17
const KIND_TYPE_TAG = 18
const KIND_ENUM64 = 19

const MAGIC = 0xeb9f
const TYPE_SIZE = 12
const MEMBER_SIZE = 12
const PARAMETER_SIZE = 8
/** `kind_flag` of a struct: a member's offset has its width in bits above bit 24. */
const KIND_FLAG = 0x8000_0000

/**
 * The types of the running kernel, as `/sys/kernel/btf/vmlinux` has them: where a member lies, what a tracepoint is
 * given, what an enum's numbers are called. Little-endian; the bytes are kept.
 *
 * 5.5 MB with 130 000 types are walked once (about 5 ms); a name is then searched among the types of its kind.
 */
export class Btf {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #strings: number
  /** Where each type begins; types count from 1, 0 is void. */
  readonly #types: Uint32Array

  /** Throws `RangeError` when the bytes are no BTF, or end too early. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const view = this.#view
    if (view.getUint16(0, true) !== MAGIC) throw new RangeError('not BTF of a little-endian kernel')
    const header = view.getUint32(4, true)
    const types = header + view.getUint32(8, true)
    const end = types + view.getUint32(12, true)
    this.#strings = header + view.getUint32(16, true)
    if (this.#strings + view.getUint32(20, true) > bytes.length)
      throw new RangeError('BTF that ends too early')
    const offsets = new Uint32Array(1 + Math.ceil((end - types) / TYPE_SIZE))
    let count = 1
    for (let at = types; at < end; at += this.#size(at)) offsets[count++] = at
    this.#types = offsets.subarray(0, count)
  }

  /**
   * Bytes from the start of a struct to a member named by its path, `__sk_common.skc_net.net`, through anonymous
   * structs and unions; `undefined` when there is no such struct or member, or it is a bit field.
   */
  offset(struct: string, path: string): number | undefined {
    let type = this.#find(KIND_STRUCT, struct)
    let offset = 0
    for (const name of path.split('.')) {
      const member = type === undefined ? undefined : this.#member(type, name)
      if (member === undefined) return undefined
      offset += member.bits
      type = member.type
    }
    return offset % 8 === 0 ? offset / 8 : undefined
  }

  /** Numbers and names of an enum, as they stand in it; `undefined` when there is none of that name. */
  enumerators(name: string): ReadonlyMap<number, string> | undefined {
    const type = this.#find(KIND_ENUM, name)
    if (type === undefined) return undefined
    const at = this.#types[type]!
    const names = new Map<number, string>()
    for (let i = 0; i < this.#count(at); i++) {
      const entry = at + TYPE_SIZE + 8 * i
      names.set(this.#view.getUint32(entry + 4, true), this.#string(this.#view.getUint32(entry, true)))
    }
    return names
  }

  /** The number of a tracepoint's type, by which a program is told of its arguments; `undefined` without it. */
  tracepoint(name: string): number | undefined {
    return this.#find(KIND_TYPEDEF, `btf_trace_${name}`)
  }

  /** How many arguments a tracepoint gives to a program (their names are not told); `undefined` without it. */
  tracepointArguments(tracepoint: string): number | undefined {
    const typedef = this.tracepoint(tracepoint)
    if (typedef === undefined) return undefined
    // typedef → pointer → prototype; the first parameter is the probe's own data.
    const pointer = this.#view.getUint32(this.#types[typedef]! + 8, true)
    const prototype = this.#view.getUint32((this.#types[pointer] ?? 0) + 8, true)
    const parameters = this.#parameters(prototype)
    return parameters && parameters.length - 1
  }

  /** The number of a function, by which a program is attached to it, and the names of its parameters. */
  function(name: string): { readonly id: number; readonly parameters: readonly string[] } | undefined {
    const id = this.#find(KIND_FUNC, name)
    if (id === undefined) return undefined
    const parameters = this.#parameters(this.#view.getUint32(this.#types[id]! + 8, true))
    return parameters && { id, parameters }
  }

  #parameters(prototype: number): string[] | undefined {
    const at = this.#types[prototype] ?? 0
    if (at === 0 || this.#kind(at) !== KIND_FUNC_PROTO) return undefined
    return Array.from({ length: this.#count(at) }, (_, i) =>
      this.#string(this.#view.getUint32(at + TYPE_SIZE + PARAMETER_SIZE * i, true)),
    )
  }

  /** Offset in bits and type of a member, searched through members without a name too. */
  #member(type: number, name: string): { bits: number; type: number } | undefined {
    const at = this.#types[this.#unqualified(type)]!
    const kind = at === 0 ? 0 : this.#kind(at)
    if (kind !== KIND_STRUCT && kind !== KIND_UNION) return undefined
    const flagged = (this.#view.getUint32(at + 4, true) & KIND_FLAG) !== 0
    for (let i = 0; i < this.#count(at); i++) {
      const entry = at + TYPE_SIZE + MEMBER_SIZE * i
      const nameAt = this.#view.getUint32(entry, true)
      const memberType = this.#view.getUint32(entry + 4, true)
      const position = this.#view.getUint32(entry + 8, true)
      const bits = flagged ? position & 0xff_ffff : position
      if (nameAt === 0) {
        const inner = this.#member(memberType, name)
        if (inner !== undefined) return { bits: bits + inner.bits, type: inner.type }
      } else if (this.#string(nameAt) === name) return { bits, type: memberType }
    }
    return undefined
  }

  /** The type behind typedefs and qualifiers. */
  #unqualified(type: number): number {
    for (;;) {
      const at = this.#types[type]!
      const kind = at === 0 ? 0 : this.#kind(at)
      const passes =
        kind === KIND_TYPEDEF || kind === KIND_VOLATILE || kind === KIND_CONST || kind === KIND_TYPE_TAG
      if (!passes) return type
      type = this.#view.getUint32(at + 8, true)
    }
  }

  #find(kind: number, name: string): number | undefined {
    const wanted = Uint8Array.from(name, (character) => character.charCodeAt(0))
    const types = this.#types
    const bytes = this.#bytes
    // Written out: calls for each of 64 000 types would take 5 ms more before they are compiled.
    for (let type = 1; type < types.length; type++) {
      const at = types[type]!
      if ((bytes[at + 7]! & 0x1f) !== kind) continue
      const text = this.#strings + this.#view.getUint32(at, true)
      if (bytes[text] === wanted[0] && this.#isNamed(text, wanted)) return type
    }
    return undefined
  }

  #isNamed(text: number, wanted: Uint8Array): boolean {
    const bytes = this.#bytes
    for (let i = 0; i < wanted.length; i++) if (bytes[text + i] !== wanted[i]) return false
    return bytes[text + wanted.length] === 0
  }

  /** NUL-terminated ASCII. */
  #string(offset: number): string {
    let text = ''
    for (let at = this.#strings + offset; this.#bytes[at]; at++) text += String.fromCharCode(this.#bytes[at]!)
    return text
  }

  #kind(at: number): number {
    return this.#bytes[at + 7]! & 0x1f
  }

  /** Members, enumerators or parameters of a type. */
  #count(at: number): number {
    return this.#view.getUint16(at + 4, true)
  }

  /** Bytes that a type takes. Throws `RangeError` for a kind that is not known: nothing after it can be found. */
  #size(at: number): number {
    const kind = (this.#view.getUint32(at + 4, true) >>> 24) & 0x1f
    if (kind === KIND_STRUCT || kind === KIND_UNION || kind === KIND_DATASEC || kind === KIND_ENUM64)
      return TYPE_SIZE + 12 * this.#count(at)
    if (kind === KIND_ENUM || kind === KIND_FUNC_PROTO) return TYPE_SIZE + 8 * this.#count(at)
    if (kind === KIND_ARRAY) return TYPE_SIZE + 12
    if (kind === KIND_INT || kind === KIND_VAR || kind === KIND_DECL_TAG) return TYPE_SIZE + 4
    if (kind === 0 || kind > KIND_ENUM64) throw new RangeError(`BTF type of an unknown kind ${kind}`)
    return TYPE_SIZE
  }
}
