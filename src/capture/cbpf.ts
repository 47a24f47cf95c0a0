/**
 * Classic BPF: the filter programs that libpcap compiles, run on packets in memory as the kernel and libpcap run
 * them (McCanne and Jacobson 1993; opcodes as in linux/bpf_common.h).
 */

/** Instruction classes: the low three bits of the opcode. */
const LD = 0
const LDX = 1
const ST = 2
const STX = 3
const ALU = 4
const JMP = 5
const RET = 6
const MISC = 7
/** Sizes and modes of loads. */
const WORD = 0x00
const HALF = 0x08
const BYTE = 0x10
const IMM = 0x00
const ABS = 0x20
const IND = 0x40
const MEM = 0x60
const LEN = 0x80
const MSH = 0xa0
/** Operand is X rather than k. */
const SOURCE_X = 0x08
const RETURN_A = 0x10
const TXA = 0x80
const DIVIDE = 0x30
const MODULO = 0x90
const JUMP_ALWAYS = 0x00

const INSTRUCTION_SIZE = 8
const MEMORY_WORDS = 16
const MAX_INSTRUCTIONS = 65_536
/** Loads from here on ask the kernel about the packet (SKF_AD_OFF, SKF_NET_OFF, SKF_LL_OFF): not in a file. */
const METADATA = 0xffe00000

/** A program that is not well formed, or needs what only the kernel knows; `message` says which. */
export class CbpfError extends Error {}

/** One checked filter program. `run` allocates nothing and always ends: jumps only go forward. */
export class CbpfProgram {
  readonly #count: number
  readonly #code: Uint16Array
  readonly #jumpTrue: Uint8Array
  readonly #jumpFalse: Uint8Array
  readonly #k: Uint32Array
  readonly #memory = new Uint32Array(MEMORY_WORDS)

  /** `bytes` is an array of `struct sock_filter`, little-endian. Throws `CbpfError`. */
  constructor(bytes: Uint8Array) {
    const count = bytes.length / INSTRUCTION_SIZE
    if (!Number.isInteger(count) || count < 1 || count > MAX_INSTRUCTIONS)
      throw new CbpfError(`a filter program cannot be ${bytes.length} bytes long`)
    this.#count = count
    this.#code = new Uint16Array(count)
    this.#jumpTrue = new Uint8Array(count)
    this.#jumpFalse = new Uint8Array(count)
    this.#k = new Uint32Array(count)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at < count; at++) {
      this.#code[at] = view.getUint16(at * INSTRUCTION_SIZE, true)
      this.#jumpTrue[at] = view.getUint8(at * INSTRUCTION_SIZE + 2)
      this.#jumpFalse[at] = view.getUint8(at * INSTRUCTION_SIZE + 3)
      this.#k[at] = view.getUint32(at * INSTRUCTION_SIZE + 4, true)
      this.#check(at)
    }
    if ((this.#code[count - 1]! & 7) !== RET) throw new CbpfError('the program does not end in a return')
  }

  /**
   * Runs the program on the packet whose `captured` bytes start at `start`; `original` is its length on the wire.
   * Returns how many bytes of it are wanted: 0 means that the filter rejects it, as does any load past its end.
   */
  run(view: DataView, start: number, captured: number, original: number): number {
    const memory = this.#memory
    let a = 0
    let x = 0
    for (let pc = 0; pc < this.#count; pc++) {
      const code = this.#code[pc]!
      const k = this.#k[pc]!
      switch (code & 7) {
        case LD:
        case LDX: {
          const size = code & 0x18
          let value = 0
          switch (code & 0xe0) {
            case IMM:
              value = k
              break
            case MEM:
              value = memory[k]!
              break
            case LEN:
              value = original
              break
            case MSH:
              // Length of an IPv4 header whose first byte is at k.
              if (k >= captured) return 0
              value = (view.getUint8(start + k) & 0xf) << 2
              break
            default: {
              const offset = (code & 0xe0) === ABS ? k : k + x
              const width = size === WORD ? 4 : size === HALF ? 2 : 1
              if (offset + width > captured) return 0
              value = width === 4 ? view.getUint32(start + offset) : 0
              if (width === 2) value = view.getUint16(start + offset)
              else if (width === 1) value = view.getUint8(start + offset)
            }
          }
          if ((code & 7) === LD) a = value
          else x = value
          break
        }
        case ST:
          memory[k] = a
          break
        case STX:
          memory[k] = x
          break
        case ALU: {
          const operand = (code & SOURCE_X) !== 0 ? x : k
          const operation = code & 0xf0
          if (operand === 0 && (operation === DIVIDE || operation === MODULO)) return 0
          a = arithmetic(operation, a, operand)
          break
        }
        case JMP: {
          if ((code & 0xf0) === JUMP_ALWAYS) pc += k
          else
            pc += compare(code & 0xf0, a, (code & SOURCE_X) !== 0 ? x : k)
              ? this.#jumpTrue[pc]!
              : this.#jumpFalse[pc]!
          break
        }
        case RET:
          return (code & 0x18) === RETURN_A ? a : k
        default:
          if ((code & 0xf8) === TXA) a = x
          else x = a
      }
    }
    return 0
  }

  /** The checks of the kernel's verifier (net/core/filter.c): after them no instruction can go wrong. */
  #check(at: number): void {
    const code = this.#code[at]!
    const k = this.#k[at]!
    const rest = this.#count - at - 1
    const where = `instruction ${at} (0x${code.toString(16)})`
    if (!isKnown(code)) throw new CbpfError(`${where} is unknown`)
    const mode = code & 0xe0
    switch (code & 7) {
      case LD:
      case LDX:
        if (mode === MEM && k >= MEMORY_WORDS) throw new CbpfError(`${where} reads outside its memory`)
        if ((mode === ABS || mode === IND) && k >= METADATA)
          throw new CbpfError('it asks what only the kernel knows of a live packet')
        break
      case ST:
      case STX:
        if (k >= MEMORY_WORDS) throw new CbpfError(`${where} writes outside its memory`)
        break
      case ALU: {
        const divides = (code & 0xf0) === DIVIDE || (code & 0xf0) === MODULO
        if (divides && (code & SOURCE_X) === 0 && k === 0) throw new CbpfError(`${where} divides by zero`)
        break
      }
      case JMP: {
        const furthest =
          (code & 0xf0) === JUMP_ALWAYS ? k : Math.max(this.#jumpTrue[at]!, this.#jumpFalse[at]!)
        if (furthest >= rest) throw new CbpfError(`${where} jumps behind the end`)
        break
      }
    }
  }
}

function isKnown(code: number): boolean {
  const size = code & 0x18
  const mode = code & 0xe0
  switch (code & 7) {
    case LD:
      if (code > 0xff) return false
      if (mode === ABS || mode === IND) return size === WORD || size === HALF || size === BYTE
      return size === WORD && (mode === IMM || mode === MEM || mode === LEN)
    case LDX:
      if (mode === MSH) return code === (LDX | MSH | BYTE)
      return size === WORD && code <= 0xff && (mode === IMM || mode === MEM || mode === LEN)
    case ST:
    case STX:
      return code <= STX
    case ALU:
      // add sub mul div or and lsh rsh neg mod xor
      return (code & ~0xf8) === ALU && (code & 0xf0) <= 0xa0
    case JMP:
      // ja jeq jgt jge jset
      return (code & ~0xf8) === JMP && (code & 0xf0) <= 0x40
    case RET:
      return code === RET || code === (RET | RETURN_A)
    case MISC:
      return code === MISC || code === (MISC | TXA)
    default:
      return false
  }
}

/** All 32-bit and unsigned; shifts of 32 or more give 0, as in libpcap. */
function arithmetic(operation: number, a: number, operand: number): number {
  switch (operation) {
    case 0x00:
      return (a + operand) >>> 0
    case 0x10:
      return (a - operand) >>> 0
    case 0x20:
      return Math.imul(a, operand) >>> 0
    case DIVIDE:
      return Math.floor(a / operand)
    case 0x40:
      return (a | operand) >>> 0
    case 0x50:
      return (a & operand) >>> 0
    case 0x60:
      return operand > 31 ? 0 : (a << operand) >>> 0
    case 0x70:
      return operand > 31 ? 0 : a >>> operand
    case 0x80:
      return -a >>> 0
    case MODULO:
      return a % operand
    default:
      return (a ^ operand) >>> 0
  }
}

function compare(operation: number, a: number, operand: number): boolean {
  switch (operation) {
    case 0x10:
      return a === operand
    case 0x20:
      return a > operand
    case 0x30:
      return a >= operand
    default:
      return (a & operand) !== 0
  }
}
