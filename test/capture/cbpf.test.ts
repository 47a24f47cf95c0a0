import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CbpfError, CbpfProgram } from '../../src/capture/cbpf.ts'

type Instruction = readonly [code: number, jt: number, jf: number, k: number]

function assemble(...instructions: Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 8)
  const view = new DataView(bytes.buffer)
  instructions.forEach(([code, jt, jf, k], at) => {
    view.setUint16(at * 8, code, true)
    view.setUint8(at * 8 + 2, jt)
    view.setUint8(at * 8 + 3, jf)
    view.setUint32(at * 8 + 4, k, true)
  })
  return bytes
}

/** The packet 10 20 30 … f0, and a wire length of 100. */
const packet = Uint8Array.from({ length: 15 }, (_, i) => (i + 1) * 0x10)
function run(...instructions: Instruction[]): number {
  // Bytes before and behind it must never be seen.
  const around = new Uint8Array(packet.length + 8).fill(0xee)
  around.set(packet, 4)
  return new CbpfProgram(assemble(...instructions)).run(new DataView(around.buffer), 4, packet.length, 100)
}

const RET_A: Instruction = [0x16, 0, 0, 0]
const LD = (k: number): Instruction => [0x00, 0, 0, k]
const LDX = (k: number): Instruction => [0x01, 0, 0, k]

const results: readonly (readonly [name: string, expected: number, program: readonly Instruction[]])[] = [
  ['ret k', 7, [[0x06, 0, 0, 7]]],
  ['ld imm', 0xfedcba98, [LD(0xfedcba98), RET_A]],
  ['ld word abs', 0x30405060, [[0x20, 0, 0, 2], RET_A]],
  ['ld half abs', 0x3040, [[0x28, 0, 0, 2], RET_A]],
  ['ld byte abs', 0x30, [[0x30, 0, 0, 2], RET_A]],
  ['ld byte abs, the last', 0xf0, [[0x30, 0, 0, 14], RET_A]],
  [
    'ld byte behind the end',
    0,
    [
      [0x30, 0, 0, 15],
      [0x06, 0, 0, 9],
    ],
  ],
  [
    'ld half across the end',
    0,
    [
      [0x28, 0, 0, 14],
      [0x06, 0, 0, 9],
    ],
  ],
  [
    'ld word across the end',
    0,
    [
      [0x20, 0, 0, 12],
      [0x06, 0, 0, 9],
    ],
  ],
  ['ld word ind', 0x30405060, [LDX(1), [0x40, 0, 0, 1], RET_A]],
  ['ld half ind', 0x3040, [LDX(1), [0x48, 0, 0, 1], RET_A]],
  ['ld byte ind', 0x30, [LDX(1), [0x50, 0, 0, 1], RET_A]],
  ['ld byte ind far away', 0, [LDX(0xffffffff), [0x50, 0, 0, 1], [0x06, 0, 0, 9]]],
  ['ld len', 100, [[0x80, 0, 0, 0], RET_A]],
  ['ldx len', 100, [[0x81, 0, 0, 0], [0x87, 0, 0, 0], RET_A]],
  // The byte at 4 is 0x50: a header of 0 words; at 14 0xf0. Of 0x45 it would be 20.
  ['ldx msh', 0, [[0xb1, 0, 0, 4], [0x87, 0, 0, 0], RET_A]],
  [
    'ldx msh behind the end',
    0,
    [
      [0xb1, 0, 0, 15],
      [0x06, 0, 0, 9],
    ],
  ],
  ['st, ld mem', 5, [LD(5), [0x02, 0, 0, 15], LD(6), [0x60, 0, 0, 15], RET_A]],
  ['stx, ldx mem', 5, [LDX(5), [0x03, 0, 0, 0], LDX(6), [0x61, 0, 0, 0], [0x87, 0, 0, 0], RET_A]],
  ['tax, txa', 9, [LD(9), [0x07, 0, 0, 0], LD(1), [0x87, 0, 0, 0], RET_A]],
  [
    'ja',
    2,
    [
      [0x05, 0, 0, 1],
      [0x06, 0, 0, 1],
      [0x06, 0, 0, 2],
    ],
  ],
]
for (const [name, expected, program] of results)
  test(`cbpf ${name}`, () => assert.equal(run(...program), expected))

/** Arithmetic against BigInt: everything is modulo 2^32. */
const M = 2n ** 32n
const operations: readonly (readonly [
  name: string,
  code: number,
  model: (a: bigint, b: bigint) => bigint,
])[] = [
  ['add', 0x00, (a, b) => a + b],
  ['sub', 0x10, (a, b) => a - b + M],
  ['mul', 0x20, (a, b) => a * b],
  ['div', 0x30, (a, b) => (b === 0n ? 0n : a / b)],
  ['or', 0x40, (a, b) => a | b],
  ['and', 0x50, (a, b) => a & b],
  ['lsh', 0x60, (a, b) => (b > 31n ? 0n : a << b)],
  ['rsh', 0x70, (a, b) => (b > 31n ? 0n : a >> b)],
  ['neg', 0x80, (a) => M - a],
  ['mod', 0x90, (a, b) => (b === 0n ? 0n : a % b)],
  ['xor', 0xa0, (a, b) => a ^ b],
]
const uint32 = fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 0xffffffff }))
for (const [name, code, model] of operations)
  test(`cbpf alu ${name}`, () => {
    fc.assert(
      fc.property(uint32, uint32, (a, b) => {
        const expected = Number(model(BigInt(a), BigInt(b)) % M)
        assert.equal(run(LD(a), LDX(b), [0x0c | code, 0, 0, 0], RET_A), expected)
        if (b !== 0) assert.equal(run(LD(a), [0x04 | code, 0, 0, b], RET_A), expected)
      }),
    )
  })

const jumps: readonly (readonly [name: string, code: number, model: (a: number, b: number) => boolean])[] = [
  ['jeq', 0x10, (a, b) => a === b],
  ['jgt', 0x20, (a, b) => a > b],
  ['jge', 0x30, (a, b) => a >= b],
  ['jset', 0x40, (a, b) => (BigInt(a) & BigInt(b)) !== 0n],
]
for (const [name, code, model] of jumps)
  test(`cbpf ${name}`, () => {
    fc.assert(
      fc.property(uint32, uint32, (a, b) => {
        const expected = model(a, b) ? 1 : 2
        const ends: Instruction[] = [
          [0x06, 0, 0, 1],
          [0x06, 0, 0, 2],
        ]
        assert.equal(run(LD(a), [0x05 | code, 0, 1, b], ...ends), expected)
        assert.equal(run(LD(a), LDX(b), [0x0d | code, 0, 1, 0], ...ends), expected)
      }),
    )
  })

const refused: readonly (readonly [name: string, message: RegExp, program: readonly Instruction[]])[] = [
  ['empty', /0 bytes/, []],
  ['no return at the end', /does not end in a return/, [LD(1)]],
  ['unknown opcode', /instruction 0 .* unknown/, [[0xff, 0, 0, 0], RET_A]],
  ['opcode above a byte', /unknown/, [[0x100, 0, 0, 0], RET_A]],
  ['jump behind the end', /jumps behind the end/, [[0x15, 0, 1, 0], RET_A]],
  ['unconditional jump behind the end', /jumps behind the end/, [[0x05, 0, 0, 1], RET_A]],
  ['huge jump', /jumps behind the end/, [[0x05, 0, 0, 0xffffffff], RET_A]],
  ['memory read', /reads outside/, [[0x60, 0, 0, 16], RET_A]],
  ['memory write', /writes outside/, [[0x02, 0, 0, 16], RET_A]],
  ['division by constant zero', /divides by zero/, [[0x34, 0, 0, 0], RET_A]],
  ['metadata of the kernel', /only the kernel knows/, [[0x28, 0, 0, 0xfffff004], RET_A]],
]
for (const [name, message, program] of refused)
  test(`cbpf refuses: ${name}`, () =>
    assert.throws(
      () => new CbpfProgram(assemble(...program)),
      (error: unknown) => error instanceof CbpfError && message.test(error.message),
    ))

test('cbpf: a program of random bytes is refused or ends, whatever the packet', () => {
  const instruction = fc.tuple(fc.nat(0xb7), fc.nat(3), fc.nat(3), fc.nat(20))
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 12 }), fc.uint8Array({ maxLength: 40 }), (body, bytes) => {
      let program: CbpfProgram
      try {
        program = new CbpfProgram(assemble(...body, RET_A))
      } catch (error) {
        assert.ok(error instanceof CbpfError)
        return
      }
      const result = program.run(new DataView(bytes.slice().buffer), 0, bytes.length, bytes.length)
      assert.ok(Number.isInteger(result) && result >= 0 && result <= 0xffffffff)
    }),
    { numRuns: 1000 },
  )
})
