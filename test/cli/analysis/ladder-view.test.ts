import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutLadderWord } from '../../../src/cli/analysis/ladder-option.ts'
import { assertGolden } from '../../support/golden.ts'
import { readCommand } from '../../support/read-command.ts'
import { readScenario } from '../../support/scenario.ts'
import { CAST, scenarioCapture } from '../../support/scenario-capture.ts'

const segments = (name: string): string => readScenario(`test/scenarios/${name}.md`).segments
const several = scenarioCapture(['plain', 'refused', 'icmp-unreachable', 'out-of-order'].map(segments))
const UTC = ['--time-format', 'utc']

test('text: the first flows, in order', async () => {
  assertGolden('ladder/several.txt', (await readCommand([...UTC, '--ladder'], several)).stdout)
})

test('text: IPv6, one flow of several', async () => {
  const cast = { ...CAST, C: { addr: '2001:db8::1', port: 40_000 }, S: { addr: '2001:db8::2', port: 443 } }
  const v6 = scenarioCapture([segments('plain'), segments('zero-window')], [CAST, cast])
  const { stdout, notes } = await readCommand([...UTC, '--ladder', '1'], v6)
  assertGolden('ladder/ipv6.txt', stdout)
  assert.equal(notes.length, 1)
})

test('Mermaid and SVG: one flow, the rest is mentioned', async () => {
  const mermaid = await readCommand(['--ladder', '--as', 'mermaid'], several)
  assertGolden('ladder/plain.mmd', mermaid.stdout)
  assert.match(mermaid.notes[0]!, /^3 more flows: --ladder FLOW draws one/)
  assertGolden('ladder/refused.svg', (await readCommand(['--ladder', '1', '--as', 'svg'], several)).stdout)
})

test('a flow that never came; --as without --ladder', async () => {
  await assert.rejects(readCommand(['--ladder', '9'], several), /No flow has the id 9/)
  await assert.rejects(readCommand(['--as', 'svg'], several), /--as is about the ladder/)
  await assert.rejects(readCommand(['--ladder', '--json'], several), /cannot be used with/)
})

test('a word behind --ladder that is no id is not its own', () => {
  assert.deepEqual(withoutLadderWord(['b.pcap'], { ladder: 'a.pcap' }), [
    ['a.pcap', 'b.pcap'],
    { ladder: true },
  ])
  assert.deepEqual(withoutLadderWord(['b.pcap'], { ladder: '3' }), [['b.pcap'], { ladder: '3' }])
  assert.deepEqual(withoutLadderWord([], {}), [[], {}])
})
