import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { outputSchema } from '../../../src/render/schema.ts'
import { ndjson } from '../../support/program.ts'
import { readCommand } from '../../support/read-command.ts'
import { readScenario } from '../../support/scenario.ts'
import { scenarioCapture } from '../../support/scenario-capture.ts'

const plain = scenarioCapture([readScenario('test/scenarios/out-of-order.md').segments])

test('lines as tcpdump prints them, with what the analysis found', async () => {
  const { stdout } = await readCommand(['--packets', '--time-format', 'epoch'], plain)
  assert.equal(
    stdout,
    [
      '1700000000.000000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 100, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,wscale 7], length 0  [handshake 1/3]',
      '1700000000.000025 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [S.], seq 500, ack 101, win 65160, options [mss 1460,sackOK,TS val 1 ecr 0,wscale 7], length 0  [handshake 2/3]',
      '1700000000.000036 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], ack 1, win 502, length 0  [handshake 3/3]',
      '1700000000.001000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], seq 1001:2001, ack 1, win 502, length 1000  [lost segment]',
      '1700000000.001010 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack 1, win 502, length 1000  [out of order]',
      '1700000000.001030 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [.], ack 2001, win 509, length 0',
      '',
    ].join('\n'),
  )
})

test('-S: sequence numbers as sent', async () => {
  const { stdout } = await readCommand(['--packets', '-S', '--time-format', 'epoch'], plain)
  assert.match(stdout, /seq 1101:2101, ack 501, win 502, length 1000 {2}\[lost segment\]/)
})

test('objects name the flow and the events, and follow the schema', async () => {
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(outputSchema)
  const { stdout } = await readCommand(['--packets', '--json'], plain)
  const objects = ndjson<{ packet: number; flow: number; events?: string[]; seq: number }>(stdout)
  for (const object of objects) assert.equal(validate(object), true, JSON.stringify(validate.errors))
  const packets = objects.slice(0, -1)
  assert.deepEqual(
    packets.map(({ packet, flow, events }) => [packet, flow, events]),
    [
      [1, 0, ['handshake']],
      [2, 0, ['handshake']],
      [3, 0, ['handshake']],
      [4, 0, ['lost_segment']],
      [5, 0, ['out_of_order']],
      [6, 0, undefined],
    ],
  )
  assert.deepEqual(
    packets.slice(3, 5).map(({ seq }) => seq),
    [1101, 101],
  )
})
