import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { outputSchema } from '../../../src/render/schema.ts'
import { assertGolden } from '../../support/golden.ts'
import { ndjson } from '../../support/program.ts'
import { readCommand } from '../../support/read-command.ts'
import { readScenario } from '../../support/scenario.ts'
import { scenarioCapture } from '../../support/scenario-capture.ts'

const NAMES = [
  'plain',
  'refused',
  'out-of-order',
  'zero-window',
  'fast-retransmission',
  'syn-retransmissions',
]
const all = scenarioCapture(NAMES.map((name) => readScenario(`test/scenarios/${name}.md`).segments))

test('text', async () => {
  assertGolden('statistics/scenarios.txt', (await readCommand(['--stats'], all)).stdout)
})

test('one object, beside flows when asked for', async () => {
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(outputSchema)
  const { stdout } = await readCommand(['--stats', '--flows', '--json'], all)
  const objects = ndjson<{ type: string; flows: { tcp: number }; conversations: unknown[] }>(stdout)
  for (const object of objects) assert.equal(validate(object), true, JSON.stringify(validate.errors))
  const statistics = objects.filter(({ type }) => type === 'statistics')
  assert.equal(statistics.length, 1)
  const flows = objects.filter(({ type }) => type === 'flow').length
  assert.equal(statistics[0]!.flows.tcp, flows)
  assert.equal(statistics[0]!.conversations.length, flows)
})

test('nothing in it', async () => {
  const empty = scenarioCapture([''])
  assert.equal(
    (await readCommand(['--stats'], empty)).stdout,
    'Flows       none\nPackets     0 in flows, 0 B payload sent, streams of 0 B\n',
  )
})
