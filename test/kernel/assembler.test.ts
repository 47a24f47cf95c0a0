import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Assembler, R0, R1, R2, R3, R6, R9, STACK } from '../../src/kernel/assembler.ts'

/** Bytes as `llvm-objdump` would list them: code, registers, offset, immediate. */
function hex(assembler: Assembler): string[] {
  const text = Buffer.from(assembler.assemble()).toString('hex')
  return text.match(/.{16}/g)!.map((one) => one.replace(/^(..)(..)(....)(........)$/, '$1 $2 $3 $4'))
}

test('each instruction, against the encoding of RFC 9669', () => {
  const cases: [Assembler, string[]][] = [
    [new Assembler().move(R6, R1), ['bf 16 0000 00000000']],
    [new Assembler().set(R0, -1), ['b7 00 0000 ffffffff']],
    [new Assembler().apply('+', R1, 8), ['07 01 0000 08000000']],
    [new Assembler().apply('&', R3, 15), ['57 03 0000 0f000000']],
    [new Assembler().apply('<<', R2, 32), ['67 02 0000 20000000']],
    [new Assembler().apply('>>', R2, 32), ['77 02 0000 20000000']],
    [new Assembler().applyRegister('+', R1, R9), ['0f 91 0000 00000000']],
    [new Assembler().applyRegister('>>', R3, R2), ['7f 23 0000 00000000']],
    [new Assembler().load(8, R1, R6, 16), ['79 61 1000 00000000']],
    [new Assembler().load(4, R1, STACK, -8), ['61 a1 f8ff 00000000']],
    [new Assembler().load(2, R1, R6, 2), ['69 61 0200 00000000']],
    [new Assembler().load(1, R1, R6, 1), ['71 61 0100 00000000']],
    [new Assembler().store(8, R9, 8, R0), ['7b 09 0800 00000000']],
    [new Assembler().store(4, R9, 4, R0), ['63 09 0400 00000000']],
    [new Assembler().storeNumber(8, R9, 16, 0), ['7a 09 1000 00000000']],
    [new Assembler().storeNumber(2, R9, 36, 6), ['6a 09 2400 06000000']],
    [new Assembler().atomicAdd(R1, 0, R2), ['db 21 0000 00000000']],
    [new Assembler().atomicFetchAdd(R1, 0, R2), ['db 21 0000 01000000']],
    [new Assembler().atomicExchange(R9, 0, R1), ['c3 19 0000 e1000000']],
    [new Assembler().call(113).exit(), ['85 00 0000 71000000', '95 00 0000 00000000']],
    [new Assembler().map(R1, 7), ['18 11 0000 07000000', '00 00 0000 00000000']],
    [new Assembler().mapValue(R1, 7), ['18 21 0000 07000000', '00 00 0000 00000000']],
  ]
  for (const [assembler, expected] of cases) assert.deepEqual(hex(assembler), expected)
})

test('jumps count the instructions between, forwards and backwards', () => {
  const assembler = new Assembler()
    .label('start')
    .jumpIf(R1, '==', 6, 'end')
    .jumpIf(R1, '<s', -1, 'end')
    .jumpIf(R1, '&', 2, 'start')
    .jumpUnlessBelow(R1, R2, 'end')
    .jump('start')
    .label('end')
    .exit()
  assert.deepEqual(hex(assembler), [
    '15 01 0400 06000000',
    'c5 01 0300 ffffffff',
    '45 01 fdff 02000000',
    '3d 21 0100 00000000',
    '05 00 fbff 00000000',
    '95 00 0000 00000000',
  ])
})

test('a jump to nowhere and a label that is set twice are mistakes of the program', () => {
  assert.throws(() => new Assembler().jump('nowhere').assemble(), /label nowhere is not set/)
  assert.throws(() => new Assembler().label('here').label('here'), /label here is set twice/)
})
