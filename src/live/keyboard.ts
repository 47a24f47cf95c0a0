import { createStyle } from '../render/style.ts'
import { type Action, actionOf } from './bindings.ts'
import type { Key } from './keys.ts'
import { layoutOf, TABLE_HEAD } from './layout.ts'
import type { LiveModel } from './model/model.ts'
import type { Sort } from './model/order.ts'
import { columnsFor } from './table-pane.ts'

/** What a key asks for that the model cannot do by itself. */
export type Effect =
  | 'quit'
  | 'suspend'
  | 'redraw'
  | 'export-text'
  | 'export-packets'
  | 'close-socket'
  | 'confirmed'
  | 'bytes'

const WHEEL_LINES = 3
const PLAIN = createStyle(false)

/** Applies one key to the model; returns what is left to do for those who may touch the machine. */
export function pressKey(model: LiveModel, key: Key, columns: number, rows: number): Effect | undefined {
  model.message = undefined
  if (key.x !== undefined) return mouse(model, key, columns, rows)
  if (model.question !== undefined) {
    model.question = undefined
    if (key.key === 'y' || key.key === 'Y') return 'confirmed'
    model.message = { text: 'nothing is closed', bad: false }
    return key.key === 'ctrl-c' ? 'quit' : undefined
  }
  if (model.exporting) return exportAs(model, key.key)
  if (model.edit !== undefined) return typed(model, key.key)
  if (model.playback?.press(key.key)) return undefined
  const action = actionOf(key.key)
  return action === undefined ? undefined : act(model, action)
}

function act(model: LiveModel, action: Action): Effect | undefined {
  switch (action) {
    case 'quit':
    case 'suspend':
    case 'redraw':
    case 'close-socket':
      return action
    case 'export':
      if (model.table.row === undefined) model.message = { text: 'select a connection first', bad: true }
      else {
        model.table.keep()
        model.exporting = true
      }
      return undefined
    case 'up':
      return move(model, -1)
    case 'down':
      return move(model, 1)
    case 'page-up':
      return move(model, -pageOf(model))
    case 'page-down':
      return move(model, pageOf(model))
    case 'first':
      return toEdge(model, true)
    case 'last':
      return toEdge(model, false)
    case 'open':
      return open(model)
    case 'back':
      return back(model)
    case 'pane':
      model.focus = model.focus === 'table' ? 'events' : 'table'
      return undefined
    case 'pause':
      model.pause()
      return undefined
    case 'filter':
      model.startEdit()
      return undefined
    case 'clear-filter':
      model.clearFilter()
      return undefined
    case 'sort':
      model.nextSort()
      return undefined
    case 'reverse':
      model.reverse()
      return undefined
    case 'group':
      model.nextGrouping()
      return undefined
    case 'ladder':
      openLadder(model)
      return undefined
    case 'bytes':
      return 'bytes'
    case 'help':
      if (model.overlay === 'help') model.overlay = undefined
      else model.openOverlay('help')
      return undefined
    default:
      return action satisfies never
  }
}

function exportAs(model: LiveModel, key: string): Effect | undefined {
  model.exporting = false
  if (key === 'n') return 'export-text'
  if (key === 'p') return 'export-packets'
  model.message = { text: 'nothing is written', bad: false }
  return key === 'ctrl-c' ? 'quit' : undefined
}

/** A page leaves one line of the page before. */
function pageOf({ overlay, focus, table, log }: LiveModel): number {
  return Math.max(1, (overlay === undefined && focus === 'events' ? log.height : table.height) - 1)
}

function move(model: LiveModel, lines: number): undefined {
  if (model.overlay !== undefined) {
    model.sticky = false
    model.scroll += lines
  } else if (model.focus === 'events') model.log.move(lines, model.shows)
  else model.table.move(lines)
}

function toEdge(model: LiveModel, first: boolean): undefined {
  if (model.overlay !== undefined) {
    model.sticky = false
    model.scroll = first ? 0 : Number.MAX_SAFE_INTEGER
  } else if (model.focus === 'events') {
    if (first) model.log.first(model.shows)
    else model.log.follow()
  } else if (first) model.table.first()
  else model.table.last()
}

function open(model: LiveModel): undefined {
  if (model.overlay !== undefined) return
  if (model.focus === 'events') {
    const { entries, cursor } = model.log.visible(model.shows)
    const row = entries[cursor]?.row
    if (row === undefined) return
    model.selectRow(row)
    model.focus = 'table'
    model.details = true
    return
  }
  const { groupLine, row } = model.table
  if (groupLine !== undefined) model.fold(groupLine.group)
  else if (row === undefined) return
  else if (model.details) openLadder(model)
  else {
    model.table.keep()
    model.details = true
  }
}

function openLadder(model: LiveModel): void {
  if (model.table.row === undefined) return
  model.table.keep()
  model.openOverlay('ladder')
}

/** One step back: out of the overlay, the details, the filter, the events. */
function back(model: LiveModel): undefined {
  if (model.overlay !== undefined) {
    if (model.overlay === 'stream') model.follow.stop()
    model.overlay = undefined
  } else if (model.details) model.details = false
  else if (model.focus === 'events') {
    model.log.follow()
    model.focus = 'table'
  } else if (model.filter !== undefined) model.clearFilter()
  else model.table.first()
}

function typed(model: LiveModel, key: string): Effect | undefined {
  const edit = model.edit!
  switch (key) {
    case 'enter':
      model.acceptEdit()
      return undefined
    case 'escape':
      model.cancelEdit()
      return undefined
    case 'ctrl-c':
      return 'quit'
    case 'backspace':
      edit.backspace()
      break
    case 'delete':
      edit.delete()
      break
    case 'left':
      edit.left()
      return undefined
    case 'right':
      edit.right()
      return undefined
    case 'home':
    case 'ctrl-a':
      edit.home()
      return undefined
    case 'end':
    case 'ctrl-e':
      edit.end()
      return undefined
    case 'ctrl-u':
      edit.clear()
      break
    case 'ctrl-w':
      edit.eraseWord()
      break
    case 'space':
      edit.insert(' ')
      break
    default:
      // Names of keys have several letters; a character is one, whatever its length in UTF-16.
      if ([...key].length !== 1) return undefined
      edit.insert(key)
  }
  model.edited()
  return undefined
}

function mouse(model: LiveModel, { key, x = 0, y = 0 }: Key, columns: number, rows: number): undefined {
  const layout = layoutOf(model, columns, rows)
  const { table, events } = layout
  const inEvents = events !== undefined && y >= events.top && y < events.top + events.height
  if (key !== 'click') {
    const lines = key === 'wheel-up' ? -WHEEL_LINES : WHEEL_LINES
    if (model.overlay === undefined) model.focus = inEvents ? 'events' : 'table'
    return move(model, lines)
  }
  if (model.overlay !== undefined || model.edit !== undefined) return
  if (inEvents) model.focus = 'events'
  if (y < table.top || y >= table.top + table.height) return
  model.focus = 'table'
  if (y === table.top + 1) {
    const sort = sortAt(x, columns)
    if (sort !== undefined) model.sortBy(sort)
    return
  }
  const index = model.table.top + y - table.top - TABLE_HEAD
  if (y >= table.top + TABLE_HEAD && index < model.table.lines.length) {
    model.table.to(index)
    model.table.keep()
  }
}

/** What a click on the head of a column sorts by. */
function sortAt(x: number, width: number): Sort | undefined {
  let end = 1
  for (const column of columnsFor(width, PLAIN)) {
    end += column.width + 1
    if (x < end) return column.sort
  }
  return undefined
}
