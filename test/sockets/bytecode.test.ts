import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assemble, type KernelExpression } from '../../src/sockets/bytecode.ts'

interface Facts {
  readonly sport: number
  readonly dport: number
}

const S_GE = 2
const S_LE = 3
const D_GE = 4

/** What the kernel does with a program (inet_diag_bc_run), ports only; its audit too: jumps must be on operations. */
function run(program: Uint8Array, { sport, dport }: Facts): boolean {
  const view = new DataView(program.buffer)
  const operations = new Set<number>()
  for (let at = 0; at < program.length; at += view.getUint8(at + 1)) {
    assert.ok(view.getUint8(at + 1) >= 4)
    operations.add(at)
  }
  operations.add(program.length).add(program.length + 4)
  let at = 0
  while (at < program.length) {
    const code = view.getUint8(at)
    const port = (): number => view.getUint16(at + 6, true)
    const yes =
      code === 1
        ? false
        : code === S_GE
          ? sport >= port()
          : code === S_LE
            ? sport <= port()
            : code === D_GE
              ? dport >= port()
              : dport <= port()
    const step = yes ? view.getUint8(at + 1) : view.getUint16(at + 2, true)
    assert.ok(step >= 4)
    at += step
    assert.ok(operations.has(at), `jump to ${at}`)
  }
  return at === program.length
}

function holds(expression: KernelExpression, facts: Facts): boolean {
  switch (expression.test) {
    case 'and':
      return expression.operands.every((operand) => holds(operand, facts))
    case 'or':
      return expression.operands.some((operand) => holds(operand, facts))
    case 'not':
      return !holds(expression.operand, facts)
    case 'port_from':
    case 'port_to': {
      const port = expression.side === 'source' ? facts.sport : facts.dport
      return expression.test === 'port_from' ? port >= expression.port : port <= expression.port
    }
    default:
      return assert.fail('ports only')
  }
}

test('a program passes exactly what its expression holds for, and jumps only to operations', () => {
  const port = fc.integer({ min: 0, max: 5 })
  const { expression } = fc.letrec<{ expression: KernelExpression }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      fc.record({
        test: fc.constantFrom('port_from', 'port_to'),
        side: fc.constantFrom('source', 'destination'),
        port,
      }),
      fc.record({
        test: fc.constantFrom('and', 'or'),
        operands: fc.array(tie('expression'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ test: fc.constant('not'), operand: tie('expression') }),
    ) as fc.Arbitrary<KernelExpression>,
  }))
  fc.assert(
    fc.property(expression, port, port, (tree, sport, dport) => {
      assert.equal(run(assemble(tree)!, { sport, dport }), holds(tree, { sport, dport }))
    }),
    { numRuns: 500 },
  )
})

test('a host condition: family, prefix, any port, address in network order', () => {
  const program = assemble({
    test: 'host',
    side: 'destination',
    family: 2,
    words: [0x0a000000],
    prefix: 8,
    port: undefined,
  })
  assert.deepEqual([...program!], [8, 16, 20, 0, 2, 8, 0, 0, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 0])
})

test('a program that its jumps cannot span is left to the caller', () => {
  const test = { test: 'port_from', side: 'source', port: 1 } as const
  assert.equal(assemble({ test: 'or', operands: new Array(9000).fill(test) }), undefined)
})
