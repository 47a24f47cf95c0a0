/** Registers of the BPF machine: R0 result, R1–R5 arguments (lost in a call), R6–R9 kept, R10 the stack's top. */
export const R0 = 0
export const R1 = 1
export const R2 = 2
export const R3 = 3
export const R4 = 4
export const R6 = 6
export const R7 = 7
export const R8 = 8
export const R9 = 9
export const STACK = 10

/** Width of a load or store: 1, 2, 4 or 8 bytes. */
export type Width = 1 | 2 | 4 | 8
/** Unsigned comparisons but for `<s`; `&` is true when a bit is common. */
export type Condition = '==' | '!=' | '>' | '>=' | '<' | '<s' | '&'
/** `>>s` keeps the sign. */
export type Operation = '+' | '&' | '^' | '<<' | '>>' | '>>s'

// Instruction set of Documentation/bpf/standardization/instruction-set.rst.
const SIZE: Readonly<Record<Width, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 }
const COMPARE: Readonly<Record<Condition, number>> = {
  '==': 0x10,
  '!=': 0x50,
  '>': 0x20,
  '>=': 0x30,
  '<': 0xa0,
  '<s': 0xc0,
  '&': 0x40,
}
const ARITHMETIC: Readonly<Record<Operation, number>> = {
  '+': 0x00,
  '&': 0x50,
  '^': 0xa0,
  '<<': 0x60,
  '>>': 0x70,
  '>>s': 0xc0,
}
const CLASS_ST = 0x02
const CLASS_STX = 0x03
const CLASS_LDX = 0x01
const CLASS_JMP = 0x05
const CLASS_ALU64 = 0x07
const MODE_MEM = 0x60
const SOURCE_REGISTER = 0x08
const MOVE = 0xb0
const LOAD_IMMEDIATE_64 = 0x18
const ATOMIC_32 = 0xc3
const ATOMIC_64 = 0xdb
const ADD = 0
const FETCH = 1
const EXCHANGE = 0xe1
const CALL = 0x85
const EXIT = 0x95
/** Source register of a 64-bit immediate: it is a map's descriptor, or points into that map's only value. */
const PSEUDO_MAP = 1
const PSEUDO_MAP_VALUE = 2

const INSTRUCTION = 8

/** Puts a BPF program together, one method an instruction; jumps go to labels that are set later. */
export class Assembler {
  readonly #words: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #jumps: { readonly at: number; readonly label: string }[] = []

  move(to: number, from: number): this {
    return this.#emit(CLASS_ALU64 | MOVE | SOURCE_REGISTER, to, from, 0, 0)
  }

  /** A signed 32-bit number, extended. */
  set(to: number, value: number): this {
    return this.#emit(CLASS_ALU64 | MOVE, to, 0, 0, value)
  }

  /** All 64 bits of a register with a signed 32-bit number. */
  apply(operation: Operation, to: number, value: number): this {
    return this.#emit(CLASS_ALU64 | ARITHMETIC[operation], to, 0, 0, value)
  }

  applyRegister(operation: Operation, to: number, from: number): this {
    return this.#emit(CLASS_ALU64 | ARITHMETIC[operation] | SOURCE_REGISTER, to, from, 0, 0)
  }

  load(width: Width, to: number, from: number, offset: number): this {
    return this.#emit(CLASS_LDX | MODE_MEM | SIZE[width], to, from, offset, 0)
  }

  store(width: Width, to: number, offset: number, from: number): this {
    return this.#emit(CLASS_STX | MODE_MEM | SIZE[width], to, from, offset, 0)
  }

  storeNumber(width: Width, to: number, offset: number, value: number): this {
    return this.#emit(CLASS_ST | MODE_MEM | SIZE[width], to, 0, offset, value)
  }

  /** `*(u64 *)(to + offset) += from`, at once for all CPUs. */
  atomicAdd(to: number, offset: number, from: number): this {
    return this.#emit(ATOMIC_64, to, from, offset, ADD)
  }

  /** The same; `from` becomes what was there before. Linux 5.12. */
  atomicFetchAdd(to: number, offset: number, from: number): this {
    return this.#emit(ATOMIC_64, to, from, offset, ADD | FETCH)
  }

  /** The lower 32 bits of `from` change places with what is at `to + offset`, after all stores before it. Linux 5.12. */
  atomicExchange(to: number, offset: number, from: number): this {
    return this.#emit(ATOMIC_32, to, from, offset, EXCHANGE)
  }

  jump(label: string): this {
    return this.#jump(CLASS_JMP, 0, 0, label)
  }

  /** Jumps when `register condition value` holds; `value` is a signed 32-bit number, extended. */
  jumpIf(register: number, condition: Condition, value: number, label: string): this {
    return this.#jump(CLASS_JMP | COMPARE[condition], register, value, label)
  }

  /** Jumps when `register >= other`, unsigned. */
  jumpUnlessBelow(register: number, other: number, label: string): this {
    this.#jumps.push({ at: this.#position, label })
    return this.#emit(CLASS_JMP | COMPARE['>='] | SOURCE_REGISTER, register, other, 0, 0)
  }

  label(name: string): this {
    if (this.#labels.has(name)) throw new Error(`label ${name} is set twice`)
    this.#labels.set(name, this.#position)
    return this
  }

  call(helper: number): this {
    return this.#emit(CALL, 0, 0, 0, helper)
  }

  exit(): this {
    return this.#emit(EXIT, 0, 0, 0, 0)
  }

  /** The map behind a descriptor, as helpers want it. */
  map(to: number, descriptor: number): this {
    return this.#emit(LOAD_IMMEDIATE_64, to, PSEUDO_MAP, 0, descriptor).#emit(0, 0, 0, 0, 0)
  }

  /** Address of the first value of an array map. */
  mapValue(to: number, descriptor: number): this {
    return this.#emit(LOAD_IMMEDIATE_64, to, PSEUDO_MAP_VALUE, 0, descriptor).#emit(0, 0, 0, 0, 0)
  }

  /** The program's bytes, 8 an instruction. Throws when a jump has no label. */
  assemble(): Uint8Array {
    const bytes = new Uint8Array(new ArrayBuffer(this.#position * INSTRUCTION))
    const view = new DataView(bytes.buffer)
    for (const [index, word] of this.#words.entries()) view.setInt32(index * 4, word, true)
    for (const { at, label } of this.#jumps) {
      const target = this.#labels.get(label)
      if (target === undefined) throw new Error(`label ${label} is not set`)
      view.setInt16(at * INSTRUCTION + 2, target - at - 1, true)
    }
    return bytes
  }

  get #position(): number {
    return this.#words.length / 2
  }

  #jump(code: number, register: number, value: number, label: string): this {
    this.#jumps.push({ at: this.#position, label })
    return this.#emit(code, register, 0, 0, value)
  }

  /** u8 code, u4 destination, u4 source, i16 offset, i32 immediate. */
  #emit(code: number, to: number, from: number, offset: number, immediate: number): this {
    this.#words.push(code | (to << 8) | (from << 12) | ((offset & 0xffff) << 16), immediate)
    return this
  }
}
