/** Kinds of types (Documentation/bpf/btf.rst). */
const KIND_STRUCT = 4
const KIND_UNION = 5
const KIND_ENUM = 6
const KIND_TYPEDEF = 8
const KIND_VOLATILE = 9
const KIND_CONST = 10
const KIND_FUNC = 12
const KIND_FUNC_PROTO = 13
const KIND_TYPE_TAG = 18

const MAGIC = 0xeb9f
const WORD = 4
const TYPE_SIZE = 12
/** Words of a type of each kind, and those of each of its members, enumerators or parameters; 0 where none is known. */
const TYPE_WORDS = Uint8Array.of(0, 4, 3, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3, 4, 3, 3)
const MEMBER_WORDS = Uint8Array.of(0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3)
const MEMBER_SIZE = 12
const PARAMETER_SIZE = 8
/** `kind_flag` of a struct: a member's offset has its width in bits above bit 24. */
const KIND_FLAG = 0x8000_0000

/** Where a text begins in bytes, as `Buffer.prototype.indexOf` says it; -1 when it is not there. */
export type TextSearch = (bytes: Uint8Array, text: string) => number

/**
 * The types of the running kernel, as `/sys/kernel/btf/vmlinux` has them: where a member lies, what a tracepoint is
 * given, what an enum's numbers are called. Little-endian; the bytes are kept.
 *
 * 5.5 MB with 130 000 types are walked once (about 5 ms). Names are searched by `search`, if given: a function's takes
 * 4 ms else.
 */
export class Btf {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** The same bytes as numbers of 32 bits. */
  readonly #words: Uint32Array
  readonly #strings: number
  readonly #search: TextSearch | undefined
  /** Where each type begins; types count from 1, 0 is void. */
  readonly #types: Uint32Array

  /** Throws `RangeError` when the bytes are no BTF, or end too early. */
  constructor(given: Uint8Array, search?: TextSearch) {
    const bytes = given.byteOffset % WORD === 0 ? given : given.slice()
    this.#bytes = bytes
    this.#search = search
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / WORD))
    const view = this.#view
    if (view.getUint16(0, true) !== MAGIC) throw new RangeError('not BTF of a little-endian kernel')
    const header = view.getUint32(4, true)
    const types = header + view.getUint32(8, true)
    const end = types + view.getUint32(12, true)
    this.#strings = header + view.getUint32(16, true)
    if (this.#strings + view.getUint32(20, true) > bytes.length)
      throw new RangeError('BTF that ends too early')
    this.#types = typesBetween(this.#words, types / WORD, end / WORD)
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
    return this.#findByText(kind, name) ?? this.#findByType(kind, name)
  }

  /** Searches the name among all, then its place among the types: what stands there may also be a number. */
  #findByText(kind: number, name: string): number | undefined {
    const text = this.#search?.(this.#bytes.subarray(this.#strings), `\0${name}\0`) ?? -1
    if (text < 0) return undefined
    const words = this.#words
    for (let word = words.indexOf(text + 1); word >= 0; word = words.indexOf(text + 1, word + 1)) {
      const type = this.#typeAt(word * WORD)
      if (type !== undefined && this.#kind(word * WORD) === kind) return type
    }
    return undefined
  }

  /** The number of the type that begins at an offset. */
  #typeAt(offset: number): number | undefined {
    const types = this.#types
    let [low, high] = [1, types.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (types[middle]! < offset) low = middle + 1
      else high = middle
    }
    return types[low] === offset ? low : undefined
  }

  #findByType(kind: number, name: string): number | undefined {
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
}

/**
 * Where the types between two words begin, in bytes, from 1 on. Throws `RangeError` for a kind that is not known:
 * nothing after it can be found. Tables and words, because 130 000 turns are over before the code is compiled.
 */
function typesBetween(words: Uint32Array, start: number, end: number): Uint32Array {
  const offsets = new Uint32Array(1 + Math.ceil((end - start) / (TYPE_SIZE / WORD)))
  let count = 1
  for (let at = start; at < end; count++) {
    offsets[count] = at * WORD
    const info = words[at + 1]!
    const kind = (info >>> 24) & 0x1f
    const size = TYPE_WORDS[kind]
    if (!size) throw new RangeError(`BTF type of an unknown kind ${kind}`)
    at += size + MEMBER_WORDS[kind]! * (info & 0xffff)
  }
  return offsets.subarray(0, count)
}
