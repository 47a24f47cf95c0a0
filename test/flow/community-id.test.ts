import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { FactsView } from '../../src/flow/facts-view.ts'
import { FlowKey } from '../../src/flow/key.ts'
import { LIST_OPEN } from '../../src/flow/list-numbers.ts'
import { sha1 } from '../../src/render/sha1.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { bareEngine } from '../support/bare-engine.ts'

test('SHA-1 is the one of the platform, for every length around the block sizes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.deepEqual(Buffer.from(sha1(bytes)), createHash('sha1').update(bytes).digest())
    }),
    { numRuns: 500 },
  )
})

/** Published with the specification (community-id-spec, baseline_deflt.json). */
const PUBLISHED: readonly [string, number, string, number, string, number][] = [
  ['1:LQU9qZlK+B5F3KDmev6m5PMibrg=', 6, '128.232.110.120', 34_855, '66.35.250.204', 80],
  ['1:LQU9qZlK+B5F3KDmev6m5PMibrg=', 6, '66.35.250.204', 80, '128.232.110.120', 34_855],
  ['1:d/FP5EW3wiY1vCndhwleRRKHowQ=', 17, '192.168.1.52', 54_585, '8.8.8.8', 53],
  ['1:X0snYXpgwiv9TZtqg64sgzUn6Dk=', 1, '192.168.0.89', 8, '192.168.0.1', 0],
]
for (const [id, protocol, source, sourcePort, destination, destinationPort] of PUBLISHED) {
  test(`community id of ${source}:${sourcePort} → ${destination}:${destinationPort}`, () => {
    const key = new FlowKey()
    const from = parseAddress(source)!
    key.set(from.family, protocol, from.words, parseAddress(destination)!.words, sourcePort, destinationPort)
    const engine = bareEngine()
    engine.setKey(key)
    engine.calls.gather(engine.calls.open(LIST_OPEN, 0, 0), 0)
    assert.equal(new FactsView(engine.memory, engine.calls.factsAt()).communityId, id)
  })
}
