import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventLog } from '../../../src/live/model/event-log.ts'
import { FollowBuffer } from '../../../src/live/model/follow-buffer.ts'
import { LineEdit } from '../../../src/live/model/line-edit.ts'
import { isGroup } from '../../../src/live/model/order.ts'
import { Rates } from '../../../src/live/model/rates.ts'
import { Ring } from '../../../src/live/model/ring.ts'
import { newModel, scene } from '../script.ts'

test('a ring has the latest items under their serial numbers', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 40 }), (capacity, count) => {
      const ring = new Ring<number>(capacity)
      for (let i = 0; i < count; i++) ring.add(i)
      assert.equal(ring.length, Math.min(capacity, count))
      for (let i = -1; i <= count; i++)
        assert.equal(ring.at(i), i >= Math.max(0, count - capacity) && i < count ? i : undefined)
    }),
  )
})

function filled(count: number, height: number): EventLog {
  const log = new EventLog()
  log.height = height
  for (let i = 0; i < count; i++) log.add({ ms: i, row: undefined, note: String(i) })
  return log
}

const all = (): boolean => true

function shown(log: EventLog, filter: (entry: { ms: number }) => boolean = all): string {
  const { entries, cursor } = log.visible(filter)
  return entries.map(({ ms }, index) => (index === cursor ? `[${ms}]` : String(ms))).join(' ')
}

test('events follow their end until somebody moves, and again from the end on', () => {
  const log = filled(5, 3)
  assert.equal(shown(log), '2 3 [4]')
  log.move(-1, all)
  log.add({ ms: 5, row: undefined, note: '5' })
  assert.equal(shown(log), '2 [3] 4')
  assert.equal(log.unseen, 1)
  log.move(-2, all)
  assert.equal(shown(log), '[1] 2 3')
  log.move(1, all)
  assert.equal(shown(log), '1 [2] 3')
  log.move(99, all)
  assert.equal(log.following, true)
  assert.equal(shown(log), '3 4 [5]')
  log.first(all)
  assert.equal(shown(log), '[0] 1 2')
  log.follow()
  assert.equal(shown(log), '3 4 [5]')
})

test('events that the filter leaves out are stepped over', () => {
  const log = filled(9, 3)
  const even = ({ ms }: { ms: number }): boolean => ms % 2 === 0
  assert.equal(shown(log, even), '4 6 [8]')
  log.move(-1, even)
  assert.equal(shown(log, even), '4 [6] 8')
  log.move(-3, even)
  assert.equal(shown(log, even), '[0] 2 4')
})

test('a log of nothing can be moved in', () => {
  const log = filled(0, 3)
  log.move(-1, all)
  log.move(1, all)
  log.first(all)
  assert.equal(shown(log), '')
})

test('typing: a line of code points with a cursor', () => {
  const edit = new LineEdit('ab')
  edit.insert('日')
  edit.left()
  edit.left()
  edit.insert('x')
  assert.equal(edit.head, 'ax')
  assert.equal(edit.text, 'axb日')
  edit.delete()
  edit.backspace()
  assert.equal(edit.text, 'a日')
  edit.end()
  edit.insert(' state established ')
  edit.eraseWord()
  assert.equal(edit.text, 'a日 state ')
  edit.home()
  edit.right()
  assert.equal(edit.head, 'a')
  edit.clear()
  assert.equal(edit.text, '')
})

test('rates are of the time between two looks', () => {
  const rates = new Rates()
  rates.look(0)
  rates.packets = 500
  rates.bytes = 1000
  assert.equal(rates.look(500), true)
  assert.equal(rates.packetsPerSecond, 1000)
  assert.equal(rates.bytesPerSecond, 2000)
  assert.equal(rates.look(1000), true)
  assert.equal(rates.packetsPerSecond, 0)
  assert.equal(rates.look(2000), false)
})

test('followed bytes keep what came last', () => {
  const follow = new FollowBuffer()
  follow.start(1)
  for (let i = 0; i < 200; i++) follow.add(i % 2 ? 'client' : 'server', new Uint8Array(4096).fill(i), 0)
  const held = follow.turns.reduce((sum, { bytes }) => sum + bytes.length, 0)
  assert.ok(held <= 256 * 1024)
  assert.equal(held + follow.left, 200 * 4096)
  assert.equal(follow.turns.at(-1)!.bytes[0], 199)
  follow.stop()
  assert.equal(follow.turns.length, 0)
})

test('the selection stays with its row when the order changes, and with the first line until it is moved', () => {
  const model = scene()
  const { table } = model
  const first = table.row
  model.reverse()
  assert.notEqual(table.row, first)
  assert.equal(table.index, 0)
  table.move(2)
  const held = table.row
  model.reverse()
  model.nextSort()
  assert.equal(table.row, held)
  table.first()
  assert.equal(table.index, 0)
})

test('the selection is on the screen whatever moves', () => {
  const model = scene()
  const { table } = model
  const moves = fc.constantFrom(-9, -1, 1, 3, 9)
  fc.assert(
    fc.property(fc.array(fc.tuple(moves, fc.integer({ min: 1, max: 12 }))), (steps) => {
      for (const [move, height] of steps) {
        table.resize(height)
        table.move(move)
        model.reverse()
        assert.ok(table.index >= table.top && table.index < table.top + height)
        assert.ok(table.top >= 0 && table.index < table.lines.length)
      }
    }),
  )
})

test('every sort orders by its column, and the other way round', () => {
  const model = scene()
  for (const sort of ['state', 'local', 'remote', 'process', 'queues', 'bytes', 'recent'] as const) {
    model.sortBy(sort)
    const forth = model.table.lines
    model.sortBy(sort)
    assert.equal(model.reversed, true, sort)
    assert.equal(model.table.lines.length, forth.length)
    assert.notDeepEqual(model.table.lines, forth, sort)
  }
})

test('groups: each row below its head; a folded one is left out', () => {
  const model = scene()
  const rows = model.table.lines.length
  for (const grouping of ['process', 'listener', 'state'] as const) {
    model.nextGrouping()
    assert.equal(model.grouping, grouping)
    const heads = model.table.lines.filter(isGroup)
    assert.ok(heads.length > 1, grouping)
    assert.equal(
      heads.reduce((sum, head) => sum + head.rows, 0),
      rows,
    )
    model.fold(heads[0]!.group)
    assert.equal(model.table.lines.length, rows + heads.length - heads[0]!.rows)
    model.fold(heads[0]!.group)
    assert.equal(model.table.lines.length, rows + heads.length)
  }
})

test('a filter chooses rows and events; one that cannot be read leaves the last good one', () => {
  const model = scene()
  const all = model.table.lines.length
  model.startEdit()
  model.edit!.insert('state listening')
  model.edited()
  assert.equal(model.table.lines.length, 1)
  model.edit!.insert(' and')
  model.edited()
  assert.match(model.editError!, /expected/)
  assert.equal(model.table.lines.length, 1)
  assert.equal(model.acceptEdit(), false)
  model.cancelEdit()
  assert.equal(model.table.lines.length, all)
  assert.equal(model.log.visible(model.shows).entries.length, 1)
  model.log.height = 99
  assert.equal(model.log.visible(model.shows).entries.length, model.log.total)
  model.startEdit()
  model.edit!.insert('comm = sshd')
  model.edited()
  assert.equal(model.log.visible(model.shows).entries.length, 0)
})

test('standing still keeps events back, in order, and counts those for which there is no room', () => {
  const model = newModel()
  model.pause()
  const held = scene()
  assert.equal(held.paused, false)
  for (let i = 0; i < 10_050; i++) model.flow({ id: i } as never, 0)
  assert.equal(model.held, 10_050)
  model.pause()
  assert.equal(model.held, 0)
  assert.equal(model.paused, false)
})
