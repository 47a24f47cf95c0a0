import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FlowEngine } from '../../src/flow/engine.ts'
import { NO_FLOW } from '../../src/flow/flow-id.ts'
import { FlowView } from '../../src/flow/flow-view.ts'
import { FlowKey } from '../../src/flow/key.ts'
import { KEY_PORTS, ROW_BYTES, TELL_CLOSED } from '../../src/flow/layout.ts'
import { LIST_OPEN } from '../../src/flow/list-numbers.ts'
import { bareEngine } from '../support/bare-engine.ts'
import { writeSide } from '../support/row-fields.ts'

type Model = Map<string, { row: number; serial: number }>

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

function serialOf(engine: FlowEngine, row: number): number {
  const view = new FlowView(engine.memory)
  view.move(row)
  return view.serial
}

const insert = flow.map((f) => ({
  check: (model: Readonly<Model>) => !model.has(String(keyOf(f).words)),
  run(model: Model, engine: FlowEngine) {
    const key = keyOf(f)
    const serial = engine.calls.flowCount()
    engine.setKey(key)
    const row = engine.calls.open(LIST_OPEN, 1e9, 0)
    const flow = new FlowView(engine.memory)
    flow.move(row)
    assert.equal(flow.serial, serial)
    assert.equal(flow.lower.packets, 0, 'a reused row is clean')
    assert.equal(flow.ports, key.words[KEY_PORTS])
    writeSide(engine.memory, row * ROW_BYTES, 0, { packets: 7 })
    model.set(String(key.words), { row, serial })
  },
  toString: () => `insert ${JSON.stringify(f)}`,
}))

const remove = flow.map((f) => ({
  check: (model: Readonly<Model>) => model.has(String(keyOf(f).words)),
  run(model: Model, engine: FlowEngine) {
    const name = String(keyOf(f).words)
    engine.calls.close(model.get(name)!.row, 1e9)
    model.delete(name)
  },
  toString: () => `remove ${JSON.stringify(f)}`,
}))

const find = flow.map((f) => ({
  check: () => true,
  run(model: Model, engine: FlowEngine) {
    const key = keyOf(f)
    assert.equal(engine.find(key), model.get(String(key.words))?.row ?? NO_FLOW)
    assert.equal(engine.calls.heldCount(), model.size)
    for (const { row, serial } of model.values()) assert.equal(serialOf(engine, row), serial)
  },
  toString: () => `find ${JSON.stringify(f)}`,
}))

test('the table does what a map does, through growth and reuse of rows', () => {
  fc.assert(
    fc.property(
      fc.commands([insert, insert, remove, find], { maxCommands: 300, size: 'max' }),
      (commands) => {
        fc.modelRun(() => ({ model: new Map() as Model, real: bareEngine() }), commands)
      },
    ),
    { numRuns: 200 },
  )
})

test('both directions have one key, and the direction tells them apart', () => {
  fc.assert(
    fc.property(flow, (f) => {
      const there = keyOf(f)
      const back = keyOf({ ...f, a: f.b, b: f.a })
      assert.deepEqual(there.words, back.words)
      const same = f.a.addr === f.b.addr && f.a.port === f.b.port
      assert.equal(there.direction + back.direction, same ? 0 : 1)
    }),
  )
})

test('a flow costs at most 400 bytes, its row and its two index slots', () => {
  assert.ok(ROW_BYTES + 2 * 8 <= 400)
})

test('a view keeps its row when the memory grows', () => {
  const engine = bareEngine()
  const flow = new FlowView(engine.memory)
  const open = (port: number): number => {
    engine.setKey(keyOf({ a: { addr: 1, port }, b: { addr: 2, port: 2 }, family: 4 }))
    return engine.calls.open(LIST_OPEN, 1e9, 0)
  }
  flow.move(open(1))
  flow.upper.wireBytes = 2 ** 40
  const before = engine.memory.bytes.length
  for (let port = 10; engine.memory.bytes.length === before; port++) open(port)
  assert.equal(flow.upper.wireBytes, 2 ** 40)
  writeSide(engine.memory, flow.row * ROW_BYTES, 0, { dupAcks: -1 })
  assert.equal(flow.lower.dupAcks, -1, 'the one signed number')
})

test('at the end flows are told of in order of their ids, wherever their rows are', () => {
  const told: number[] = []
  const engine: FlowEngine = bareEngine({ closed: (row) => told.push(serialOf(engine, row)) < 0 })
  engine.tell(TELL_CLOSED)
  const rows: number[] = []
  // Ids of two digits in the sort's base, and rows that were used before.
  for (let port = 0; port < 9000; port++) {
    engine.setKey(keyOf({ a: { addr: 1 + (port >>> 15), port }, b: { addr: 9, port: 2 }, family: 4 }))
    rows.push(engine.calls.open(LIST_OPEN, port, 0))
    if (port % 3 === 0) engine.calls.close(rows.splice((port * 7) % rows.length, 1)[0]!, port)
  }
  const held = engine.calls.heldCount()
  told.length = 0
  engine.calls.finish(1e9)
  assert.equal(told.length, held)
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  )
  assert.equal(engine.calls.heldCount(), 0)
  assert.equal(engine.calls.find(), NO_FLOW, 'none is found any more')
})
