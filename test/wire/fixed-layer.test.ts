import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BACKBONE_TAG, CISCO_HDLC, FABRIC_PATH, FixedLayer, INFINIBAND } from '../../src/wire/fixed-layer.ts'
import { LAYER_ETHERNET } from '../../src/wire/layer.ts'
import { frameOf, fromHex } from './header-suite.ts'

for (const [name, form, bytes, etherType] of [
  ['backbone tag', BACKBONE_TAG, '00001234', LAYER_ETHERNET],
  ['FabricPath', FABRIC_PATH, '0040', LAYER_ETHERNET],
  ['HDLC', CISCO_HDLC, '0f00 0800', 0x0800],
  ['InfiniBand', INFINIBAND, `${'00'.repeat(40)} 86dd 0000`, 0x86dd],
] as const)
  test(`${name}: what it carries, and every length that is too short`, () => {
    const layer = new FixedLayer(form)
    const example = fromHex(bytes)
    const frame = frameOf(example)
    assert.ok(layer.at(frame, frame.start))
    assert.deepEqual([layer.headerLength, layer.etherType], [example.length, etherType])
    for (let length = 0; length < example.length; length++)
      assert.equal(layer.at(frameOf(example.subarray(0, length)), frame.start), false)
  })
