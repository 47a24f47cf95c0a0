import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlowColumns, SideColumns } from '../../src/flow/columns.ts'
import { FlowKey } from '../../src/flow/key.ts'
import { type FlowId, FlowTable, NO_FLOW } from '../../src/flow/table.ts'

type Model = Map<string, { row: FlowId; serial: number }>

/** Few addresses and ports, so that keys meet again and clusters form. */
const endpoint = fc.record({ addr: fc.integer({ min: 0, max: 3 }), port: fc.integer({ min: 0, max: 7 }) })
const flow = fc.record({ a: endpoint, b: endpoint, family: fc.constantFrom(4, 6) })

function keyOf(f: { a: { addr: number; port: number }; b: { addr: number; port: number }; family: number }) {
  const key = new FlowKey()
  const words = (addr: number) => (f.family === 4 ? [addr, 0, 0, 0] : [0x20010db8, 0, 0, addr])
  key.set(
    f.family,
    6,
    Uint32Array.from(words(f.a.addr)),
    Uint32Array.from(words(f.b.addr)),
    f.a.port,
    f.b.port,
  )
  return key
}

const insert = flow.map((f) => ({
  check: (model: Readonly<Model>) => !model.has(String(keyOf(f).words)),
  run(model: Model, table: FlowTable) {
    const key = keyOf(f)
    const serial = table.serials
    const row = table.insert(key)
    assert.equal(table.columns.serial[row], serial)
    assert.equal(table.sides.packets[row * 2], 0, 'a reused row is clean')
    table.sides.packets[row * 2] = 7
    model.set(String(key.words), { row, serial })
  },
  toString: () => `insert ${JSON.stringify(f)}`,
}))

const remove = flow.map((f) => ({
  check: (model: Readonly<Model>) => model.has(String(keyOf(f).words)),
  run(model: Model, table: FlowTable) {
    const name = String(keyOf(f).words)
    table.remove(model.get(name)!.row)
    model.delete(name)
  },
  toString: () => `remove ${JSON.stringify(f)}`,
}))

const find = flow.map((f) => ({
  check: () => true,
  run(model: Model, table: FlowTable) {
    const key = keyOf(f)
    assert.equal(table.find(key), model.get(String(key.words))?.row ?? NO_FLOW)
    assert.equal(table.size, model.size)
    for (const { row, serial } of model.values()) assert.equal(table.columns.serial[row], serial)
  },
  toString: () => `find ${JSON.stringify(f)}`,
}))

test('the table does what a map does, through growth and reuse of rows', () => {
  fc.assert(
    fc.property(fc.commands([insert, insert, remove, find], { maxCommands: 300 }), (commands) => {
      fc.modelRun(() => ({ model: new Map() as Model, real: new FlowTable(4) }), commands)
    }),
    { numRuns: 200 },
  )
})

test('both directions have one key, and the direction tells them apart', () => {
  fc.assert(
    fc.property(flow, (f) => {
      const there = keyOf(f)
      const back = keyOf({ ...f, a: f.b, b: f.a })
      assert.deepEqual(there.words, back.words)
      assert.equal(there.hash, back.hash)
      const same = f.a.addr === f.b.addr && f.a.port === f.b.port
      assert.equal(there.direction + back.direction, same ? 0 : 1)
    }),
  )
})

test('a flow costs at most 400 bytes over all columns and its two index slots', () => {
  const bytes = [new FlowColumns(1), new SideColumns(1)]
    .flatMap((columns) => Object.values(columns) as ArrayBufferView[])
    .reduce((sum, column) => sum + column.byteLength, 0)
  assert.ok(bytes + 2 * 4 <= 400, `${bytes + 8} bytes`)
})
