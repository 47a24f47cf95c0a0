import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlowView } from '../../src/flow/flow-view.ts'
import { FlowKey } from '../../src/flow/key.ts'
import { ROW_BYTES } from '../../src/flow/layout.ts'
import { LIST_OPEN } from '../../src/flow/list-numbers.ts'
import { bareEngine } from '../support/bare-engine.ts'
import { FLOW_FIELDS, SIDE_FIELDS, type Values, writeFlow, writeSide } from '../support/row-fields.ts'

test('every number that a view shows has a place of its own, that of the engine', () => {
  const engine = bareEngine()
  const { memory } = engine
  const flow = new FlowView(memory)
  const [, row] = [1, 2, 3].map((port) => {
    engine.setKey(keyOf(port))
    return engine.calls.open(LIST_OPEN, 1e9, 0)
  })
  let value = 0
  const numbered = (fields: object): Values =>
    Object.fromEntries(Object.keys(fields).map((name) => [name, ++value]))
  const written = [numbered(FLOW_FIELDS), numbered(SIDE_FIELDS), numbered(SIDE_FIELDS)] as const
  const at = row! * ROW_BYTES
  writeFlow(memory, at, written[0])
  writeSide(memory, at, 0, written[1])
  writeSide(memory, at, 1, written[2])
  flow.move(row!)
  let shown = 0
  for (const [place, view] of [flow, flow.lower, flow.upper].entries())
    for (const [name, number] of Object.entries(written[place]!))
      if (name in view) {
        assert.equal(Reflect.get(view, name), number, name)
        shown++
      }
  assert.ok(shown >= 40)
})

test('what a view writes touches no other row and no key', () => {
  const engine = bareEngine()
  const { memory } = engine
  const flow = new FlowView(memory)
  const rows = [1, 2, 3].map((port) => {
    engine.setKey(keyOf(port))
    return engine.calls.open(LIST_OPEN, 1e9, 0)
  })
  flow.move(rows[1]!)
  const places = [flow, flow.lower, flow.upper].flatMap((view) =>
    Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(view)))
      .filter(([, property]) => property.set !== undefined)
      .map(([name]) => ({ view, name })),
  )
  const clear = (): void => {
    for (const { view, name } of places) Reflect.set(view, name, 0)
  }
  clear()
  const before = memory.bytes.slice()
  places.forEach(({ view, name }, index) => {
    Reflect.set(view, name, index + 1)
  })
  places.forEach(({ view, name }, index) => {
    assert.equal(Reflect.get(view, name), index + 1, name)
  })
  clear()
  assert.deepEqual(memory.bytes, before)
})

function keyOf(port: number): FlowKey {
  const key = new FlowKey()
  key.set(4, 6, Uint32Array.of(1, 0, 0, 0), Uint32Array.of(2, 0, 0, 0), port, 80)
  return key
}
