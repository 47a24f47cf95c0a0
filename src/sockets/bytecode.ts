/**
 * Programs of INET_DIAG_REQ_BYTECODE (linux/inet_diag.h): the kernel tests every socket and sends only what passes.
 * An operation is `{u8 code, u8 yes, u16 no}`, little-endian: on success the program goes on `yes` bytes further, on
 * failure `no` bytes; it passes at its end and fails four bytes behind it. All jumps go forward.
 */
const JMP = 1
const S_GE = 2
const S_LE = 3
const D_GE = 4
const D_LE = 5
const AUTO = 6
const S_COND = 7
const D_COND = 8

const OP_LENGTH = 4
/** `no` has 16 bits. */
const MAX_LENGTH = 0xfff0
const ANY_PORT = -1

export type Side = 'source' | 'destination'

/** One test that the kernel can make. */
export type KernelTest =
  | { readonly test: 'port_from' | 'port_to'; readonly side: Side; readonly port: number }
  | {
      readonly test: 'host'
      readonly side: Side
      /** AF_INET, AF_INET6, or 0 for any address. An IPv4 condition takes IPv4-mapped IPv6 too. */
      readonly family: number
      readonly words: readonly number[]
      readonly prefix: number
      readonly port: number | undefined
    }
  /** The kernel chose the local port. */
  | { readonly test: 'autobound' }

export type KernelExpression =
  | KernelTest
  | { readonly test: 'and' | 'or'; readonly operands: readonly KernelExpression[] }
  | { readonly test: 'not'; readonly operand: KernelExpression }

/** The program, or `undefined` when it is longer than its jumps reach. */
export function assemble(expression: KernelExpression): Uint8Array | undefined {
  // Written from the end to the beginning: a position is its distance from the end, so every target is known.
  const reversed: Uint8Array[] = []
  let length = 0
  const push = (code: number, body: Uint8Array, fail: number): void => {
    const op = new Uint8Array(OP_LENGTH + body.length)
    length += op.length
    op[0] = code
    op[1] = op.length
    new DataView(op.buffer).setUint16(2, Math.min(length - fail, 0xffff), true)
    op.set(body, OP_LENGTH)
    reversed.push(op)
  }
  const emit = (node: KernelExpression, pass: number, fail: number): void => {
    switch (node.test) {
      case 'and':
      case 'or': {
        const last = node.operands.length - 1
        for (let index = last; index >= 0; index--) {
          const next = index === last
          if (node.test === 'and') emit(node.operands[index]!, next ? pass : length, fail)
          else emit(node.operands[index]!, pass, next ? fail : length)
        }
        return
      }
      case 'not':
        emit(node.operand, fail, pass)
        return
      default:
        // Success goes on behind the operation: elsewhere only through a jump, which always "fails".
        if (pass !== length) push(JMP, new Uint8Array(0), pass)
        push(codeOf(node), bodyOf(node), fail)
    }
  }
  emit(expression, 0, -OP_LENGTH)
  if (length > MAX_LENGTH) return undefined
  const program = new Uint8Array(length)
  let at = 0
  for (const op of reversed.reverse()) {
    program.set(op, at)
    at += op.length
  }
  return program
}

function codeOf(node: KernelTest): number {
  switch (node.test) {
    case 'port_from':
      return node.side === 'source' ? S_GE : D_GE
    case 'port_to':
      return node.side === 'source' ? S_LE : D_LE
    case 'host':
      return node.side === 'source' ? S_COND : D_COND
    case 'autobound':
      return AUTO
    default:
      return node satisfies never
  }
}

function bodyOf(node: KernelTest): Uint8Array {
  switch (node.test) {
    // The port is the `no` of a second, empty operation.
    case 'port_from':
    case 'port_to':
      return portOperation(node.port)
    case 'host':
      return hostCondition(node.family, node.prefix, node.port, node.words)
    case 'autobound':
      return new Uint8Array(0)
    default:
      return node satisfies never
  }
}

function portOperation(port: number): Uint8Array {
  return Uint8Array.of(0, 0, port & 0xff, port >>> 8)
}

/** struct inet_diag_hostcond: u8 family, u8 prefix_len, int port, then the address in network order. */
function hostCondition(
  family: number,
  prefix: number,
  port: number | undefined,
  address: readonly number[],
): Uint8Array {
  const bytes = new Uint8Array(8 + 4 * address.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = family
  bytes[1] = prefix
  view.setInt32(4, port ?? ANY_PORT, true)
  for (const [index, word] of address.entries()) view.setUint32(8 + 4 * index, word)
  return bytes
}
