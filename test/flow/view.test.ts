import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlowView } from '../../src/flow/flow-view.ts'
import { FlowKey } from '../../src/flow/key.ts'
import { LIST_OPEN } from '../../src/flow/list-numbers.ts'
import { SideView } from '../../src/flow/side-view.ts'
import { bareEngine } from '../support/bare-engine.ts'

/** The names of everything that can be written. */
function writable(view: typeof FlowView | typeof SideView): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(view.prototype))
    .filter(([, property]) => property.set !== undefined)
    .map(([name]) => name)
}

test('every number of a flow has a place of its own, and only there', () => {
  const engine = bareEngine()
  const { memory } = engine
  const flow = new FlowView(memory)
  const rows = [1, 2, 3].map((port) => {
    engine.setKey(keyOf(port))
    return engine.calls.open(LIST_OPEN, 1e9, 0)
  })
  flow.move(rows[1]!)
  const places: [view: object, name: string][] = [
    ...writable(FlowView).map((name): [object, string] => [flow, name]),
    ...[flow.lower, flow.upper].flatMap((side) =>
      writable(SideView).map((name): [object, string] => [side, name]),
    ),
  ]
  const clear = (): void => {
    for (const [view, name] of places) Reflect.set(view, name, 0)
  }
  clear()
  const before = memory.bytes.slice()
  places.forEach(([view, name], index) => {
    Reflect.set(view, name, index)
  })
  places.forEach(([view, name], index) => {
    assert.equal(Reflect.get(view, name), index, name)
  })
  clear()
  assert.deepEqual(memory.bytes, before, 'no other row and no key was touched')
})

function keyOf(port: number): FlowKey {
  const key = new FlowKey()
  key.set(4, 6, Uint32Array.of(1, 0, 0, 0), Uint32Array.of(2, 0, 0, 0), port, 80)
  return key
}
