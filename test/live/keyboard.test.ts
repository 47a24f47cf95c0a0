import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionOf, BINDINGS } from '../../src/live/bindings.ts'
import { type Effect, pressKey } from '../../src/live/keyboard.ts'
import type { LiveModel } from '../../src/live/model/model.ts'
import { scene } from './script.ts'

const COLUMNS = 80
const ROWS = 24

function press(model: LiveModel, ...keys: string[]): Effect | undefined {
  let effect: Effect | undefined
  for (const key of keys) effect = pressKey(model, { key }, COLUMNS, ROWS)
  return effect
}

function opened(): LiveModel {
  const model = scene()
  model.table.resize(5)
  return model
}

test('no key means two things', () => {
  const keys = BINDINGS.flatMap(({ keys }) => keys)
  assert.equal(new Set(keys).size, keys.length)
  for (const { action, keys } of BINDINGS) for (const key of keys) assert.equal(actionOf(key), action)
})

/** Keys from a fresh screen, and what is different afterwards. */
const CASES: readonly (readonly [keys: readonly string[], holds: (model: LiveModel) => boolean])[] = [
  [['j'], ({ table }) => table.index === 1],
  [['down', 'down', 'k'], ({ table }) => table.index === 1],
  [['pagedown'], ({ table }) => table.index === 4],
  [['G'], ({ table }) => table.index === table.lines.length - 1],
  [['end', 'pageup'], ({ table }) => table.index === table.lines.length - 5],
  [['end', 'home'], ({ table }) => table.index === 0],
  [['tab'], ({ focus }) => focus === 'events'],
  [['tab', 'tab'], ({ focus }) => focus === 'table'],
  [['tab', 'k'], ({ log }) => !log.following],
  [['tab', 'k', 'k', 'end'], ({ log }) => log.following],
  [
    ['tab', 'k', 'enter'],
    ({ focus, details, table }) => focus === 'table' && details && table.row?.card?.id === 3,
  ],
  [['enter'], ({ details }) => details],
  [['l', 'l'], ({ overlay }) => overlay === 'ladder'],
  [['enter', 'enter', 'escape'], ({ overlay, details }) => overlay === undefined && details],
  [['enter', 'h'], ({ details }) => !details],
  [['space'], ({ paused }) => paused],
  [['space', 'space'], ({ paused }) => !paused],
  [['s'], ({ sort, reversed }) => sort === 'state' && !reversed],
  [['S'], ({ reversed }) => reversed],
  [['g'], ({ grouping }) => grouping === 'process'],
  [['g', 'g', 'g', 'g'], ({ grouping }) => grouping === 'none'],
  [['g', 'enter'], ({ table }) => table.groupLine?.folded === true],
  [['L'], ({ overlay }) => overlay === 'ladder'],
  [['?'], ({ overlay }) => overlay === 'help'],
  [['?', '?'], ({ overlay }) => overlay === undefined],
  [['?', 'j', 'j'], ({ scroll }) => scroll === 2],
  [['/', 's'], ({ edit }) => edit?.text === 's'],
  [['/', 'x', 'escape'], ({ edit, filter }) => edit === undefined && filter === undefined],
  [['/', 'q', 'enter'], ({ edit, editError }) => edit !== undefined && editError !== undefined],
  [
    ['/', ...'state', 'space', ...'listen', 'enter'],
    ({ filter, table }) => filter !== undefined && table.lines.length === 1,
  ],
  [['/', ...'state', 'space', ...'listen', 'enter', 'escape'], ({ filter }) => filter === undefined],
  [['/', ...'state', 'space', ...'listen', 'enter', '\\'], ({ filter }) => filter === undefined],
  [
    ['/', ...'abc', 'left', 'backspace', 'home', 'delete', 'end', 'ctrl-w', 'z', 'up'],
    ({ edit }) => edit?.text === 'z',
  ],
]

for (const [keys, holds] of CASES)
  test(`keys ${keys.join(' ')}`, () => {
    const model = opened()
    press(model, ...keys)
    assert.ok(holds(model))
  })

/** Keys that the machine has to do something for. */
const EFFECTS: readonly (readonly [keys: readonly string[], effect: Effect])[] = [
  [['q'], 'quit'],
  [['ctrl-c'], 'quit'],
  [['/', 'ctrl-c'], 'quit'],
  [['?', 'q'], 'quit'],
  [['ctrl-z'], 'suspend'],
  [['ctrl-l'], 'redraw'],
  [['e', 'n'], 'export-text'],
  [['e', 'p'], 'export-packets'],
  [['e', 'ctrl-c'], 'quit'],
  [['e', 'escape', 'ctrl-l'], 'redraw'],
  [['K'], 'close-socket'],
  [['f'], 'bytes'],
]

for (const [keys, effect] of EFFECTS)
  test(`keys ${keys.join(' ')} ask for ${effect}`, () => {
    assert.equal(press(opened(), ...keys), effect)
  })

test('a question takes only y for yes', () => {
  const model = opened()
  for (const [key, effect] of [
    ['y', 'confirmed'],
    ['Y', 'confirmed'],
    ['n', undefined],
    ['enter', undefined],
    ['q', undefined],
    ['ctrl-c', 'quit'],
  ] as const) {
    model.question = 'Close?'
    assert.equal(press(model, key), effect, key)
    assert.equal(model.question, undefined)
  }
})

test('the mouse selects a row, changes the pane, and scrolls what is under it', () => {
  const model = opened()
  pressKey(model, { key: 'click', x: 3, y: 6 }, COLUMNS, ROWS)
  assert.equal(model.table.index, 2)
  pressKey(model, { key: 'wheel-down', x: 3, y: 6 }, COLUMNS, ROWS)
  assert.equal(model.table.index, 5)
  pressKey(model, { key: 'click', x: 3, y: 20 }, COLUMNS, ROWS)
  assert.equal(model.focus, 'events')
  pressKey(model, { key: 'wheel-up', x: 3, y: 20 }, COLUMNS, ROWS)
  assert.equal(model.log.following, false)
  pressKey(model, { key: 'click', x: 3, y: 3 }, COLUMNS, ROWS)
  assert.equal(model.focus, 'table')
  assert.equal(model.sort, 'state', 'a click on the head of a column sorts by it')
  pressKey(model, { key: 'click', x: 3, y: 3 }, COLUMNS, ROWS)
  assert.equal(model.reversed, true)
})

test('a screen without rows takes every key', () => {
  for (const { keys } of BINDINGS)
    for (const key of keys) {
      const model = scene()
      model.book.rows.clear()
      model.book.version++
      model.arrange()
      press(model, key, key, 'tab', key)
    }
})
