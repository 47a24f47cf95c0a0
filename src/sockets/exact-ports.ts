import type { KernelExpression } from './bytecode.ts'

/** The ports that every match has, 0 where any will do. */
export interface ExactPorts {
  readonly source: number
  readonly destination: number
}

/**
 * What an expression says about whole ports. A request can name them itself: the kernel then passes over a socket by
 * the first of its cache lines, where a program reads six (200 000 sockets: 18 instead of 35 ms).
 */
export function exactPorts(expression: KernelExpression | undefined): ExactPorts {
  const lowest = { source: 0, destination: 0 }
  const highest = { source: 0xffff, destination: 0xffff }
  const bound = (node: KernelExpression): void => {
    if (node.test === 'and') for (const operand of node.operands) bound(operand)
    else if (node.test === 'port_from') lowest[node.side] = Math.max(lowest[node.side], node.port)
    else if (node.test === 'port_to') highest[node.side] = Math.min(highest[node.side], node.port)
  }
  if (expression !== undefined) bound(expression)
  const exact = (side: 'source' | 'destination'): number =>
    lowest[side] === highest[side] ? lowest[side] : 0
  return { source: exact('source'), destination: exact('destination') }
}
