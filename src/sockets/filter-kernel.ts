import type { KernelExpression } from './bytecode.ts'
import type { Expression } from './filter-parse.ts'
import type { Netid, SocketRecord, SocketState } from './socket.ts'
import { STATE_BITS } from './state-names.ts'

/** What one predicate of a filter says. */
export interface Term {
  readonly matches: (record: SocketRecord) => boolean
  /** The same for the kernel, where it can test it for this kind of socket. */
  readonly kernel?: (netid: Netid) => KernelExpression | undefined
  /** It is nothing but a set of states. */
  readonly states?: ReadonlySet<SocketState>
}

/** The part of a filter that the kernel can take over when it dumps one table. */
export interface KernelPart {
  readonly test: KernelExpression | undefined
  /** Mask of states to ask for, bit = 1 << state; `undefined` when the filter names none. */
  readonly states: number | undefined
  /** The kernel's answer needs no second look. */
  readonly exact: boolean
}

/**
 * What must hold for every match (the operands of the outermost `and`), as far as the kernel knows it. The rest is
 * left to `matches`, so a part may select too much and never too little.
 */
export function kernelPart(expression: Expression<Term> | undefined, netid: Netid): KernelPart {
  const tests: KernelExpression[] = []
  let states: number | undefined
  let exact = true
  for (const operand of conjuncts(expression)) {
    const named = operand.kind === 'term' ? operand.term.states : undefined
    const test = toKernel(operand, netid)
    if (named !== undefined) states = (states ?? ~0) & maskOf(named)
    else if (test !== undefined) tests.push(test)
    else exact = false
  }
  return { test: tests.length === 0 ? undefined : { test: 'and', operands: tests }, states, exact }
}

/** The operands of the outermost `and`. */
function conjuncts(expression: Expression<Term> | undefined): readonly Expression<Term>[] {
  if (expression === undefined) return []
  return expression.kind === 'and' ? expression.operands.flatMap(conjuncts) : [expression]
}

/** An expression for the kernel, `undefined` unless the whole of it can be one. */
function toKernel(expression: Expression<Term>, netid: Netid): KernelExpression | undefined {
  switch (expression.kind) {
    case 'term':
      return expression.term.kernel?.(netid)
    case 'not': {
      const operand = toKernel(expression.operand, netid)
      return operand && { test: 'not', operand }
    }
    case 'and':
    case 'or': {
      const operands = expression.operands.map((operand) => toKernel(operand, netid))
      const known = operands.filter((operand) => operand !== undefined)
      return known.length < operands.length ? undefined : { test: expression.kind, operands: known }
    }
    default:
      return expression satisfies never
  }
}

function maskOf(states: Iterable<SocketState>): number {
  let mask = 0
  for (const state of states) mask |= STATE_BITS[state]
  return mask
}
