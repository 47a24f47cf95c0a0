import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlowView } from '../../src/flow/flow-view.ts'
import { FlowKey } from '../../src/flow/key.ts'
import { SideView } from '../../src/flow/side-view.ts'
import { FlowTable } from '../../src/flow/table.ts'

/** The names of everything that can be written. */
function writable(view: typeof FlowView | typeof SideView): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(view.prototype))
    .filter(([, property]) => property.set !== undefined)
    .map(([name]) => name)
}

test('every number of a flow has a place of its own, and only there', () => {
  const table = new FlowTable(4)
  const flow = new FlowView(table.memory)
  for (const port of [1, 2, 3]) table.insert(keyOf(port))
  flow.move(1)
  const places: [view: object, name: string][] = [
    ...writable(FlowView).map((name): [object, string] => [flow, name]),
    ...[flow.lower, flow.upper].flatMap((side) =>
      writable(SideView).map((name): [object, string] => [side, name]),
    ),
  ]
  const before = table.memory.bytes.slice()
  places.forEach(([view, name], index) => {
    Reflect.set(view, name, index)
  })
  places.forEach(([view, name], index) => {
    assert.equal(Reflect.get(view, name), index, name)
  })
  places.forEach(([view, name]) => {
    Reflect.set(view, name, 0)
  })
  flow.serial = 1
  flow.hash = keyOf(2).hash
  assert.deepEqual(table.memory.bytes, before, 'no other row and no key was touched')
})

function keyOf(port: number): FlowKey {
  const key = new FlowKey()
  key.set(4, 6, Uint32Array.of(1, 0, 0, 0), Uint32Array.of(2, 0, 0, 0), port, 80)
  return key
}
