import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactPorts } from '../../src/sockets/exact-ports.ts'
import { parseFilter } from '../../src/sockets/filter.ts'

const names = {
  servicePort: () => undefined,
  interfaceName: () => undefined,
  ephemeralPorts: () => [32_768, 60_999] as const,
}

const CASES: readonly [filter: string, source: number, destination: number][] = [
  ['', 0, 0],
  ['sport = :22', 22, 0],
  ['dport = :443', 0, 443],
  ['sport = :22 and dport = :443', 22, 443],
  ['sport = :22 state established', 22, 0],
  ['sport >= :22 and sport <= :22', 22, 0],
  ['sport = :22 or sport = :23', 0, 0],
  ['not sport = :22', 0, 0],
  ['sport != :22', 0, 0],
  ['sport > :22', 0, 0],
  ['sport <= :0', 0, 0],
  ['sport = :22 and sport = :23', 0, 0],
  ['( sport = :22 or pid = 1 ) dport = :80', 0, 80],
]

for (const [filter, source, destination] of CASES)
  test(`ports that "${filter}" asks for`, () => {
    const { kernel } = parseFilter(filter === '' ? [] : [filter], names)
    assert.deepEqual(exactPorts(kernel('tcp').test), { source, destination })
  })
