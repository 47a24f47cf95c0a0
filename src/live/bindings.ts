import type { Style } from '../render/style.ts'
import type { LiveModel } from './model/model.ts'
import { PLAYBACK_KEYS } from './playback.ts'
import { fit, lineOf, type Span } from './spans.ts'

/** What a key does. */
export type Action =
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'pane'
  | 'pause'
  | 'filter'
  | 'clear-filter'
  | 'sort'
  | 'reverse'
  | 'group'
  | 'ladder'
  | 'bytes'
  | 'export'
  | 'close-socket'
  | 'help'
  | 'redraw'
  | 'suspend'
  | 'quit'

interface Binding {
  readonly action: Action
  readonly keys: readonly string[]
  /** As the help names them. */
  readonly shown: string
  readonly does: string
}

/** Every key, in the order of the help. */
export const BINDINGS: readonly Binding[] = [
  { action: 'up', keys: ['up', 'k'], shown: '↑ k', does: 'one line up' },
  { action: 'down', keys: ['down', 'j'], shown: '↓ j', does: 'one line down' },
  { action: 'page-up', keys: ['pageup', 'ctrl-b', 'ctrl-u'], shown: 'PgUp', does: 'one page up' },
  { action: 'page-down', keys: ['pagedown', 'ctrl-f', 'ctrl-d'], shown: 'PgDn', does: 'one page down' },
  { action: 'first', keys: ['home', '<'], shown: 'Home <', does: 'first line; the newest stay selected' },
  { action: 'last', keys: ['end', 'G', '>'], shown: 'End G', does: 'last line; events follow again' },
  { action: 'pane', keys: ['tab', 'backtab'], shown: 'Tab', does: 'other pane' },
  {
    action: 'open',
    keys: ['enter', 'right', 'l'],
    shown: 'Enter → l',
    does: 'details, then the ladder; folds a group; goes to the connection of an event',
  },
  { action: 'back', keys: ['escape', 'left', 'h', 'backspace'], shown: 'Esc ← h', does: 'back' },
  { action: 'pause', keys: ['space'], shown: 'Space', does: 'stand still; again to go on' },
  {
    action: 'filter',
    keys: ['/'],
    shown: '/',
    does: 'filter, in the language of ss: state established dport = :443',
  },
  { action: 'clear-filter', keys: ['\\'], shown: '\\', does: 'no filter' },
  { action: 'sort', keys: ['s'], shown: 's', does: 'sort by the next column' },
  { action: 'reverse', keys: ['S'], shown: 'S', does: 'sort the other way round' },
  { action: 'group', keys: ['g'], shown: 'g', does: 'group by process, listener, state' },
  { action: 'ladder', keys: ['L'], shown: 'L', does: 'the connection as a ladder of its packets' },
  { action: 'bytes', keys: ['f'], shown: 'f', does: 'follow the bytes of the connection' },
  {
    action: 'export',
    keys: ['e'],
    shown: 'e',
    does: 'write the connection to a file: NDJSON or its packets',
  },
  { action: 'close-socket', keys: ['K'], shown: 'K', does: 'close the socket, after a question' },
  { action: 'redraw', keys: ['ctrl-l'], shown: 'Ctrl-L', does: 'draw the screen anew' },
  { action: 'suspend', keys: ['ctrl-z'], shown: 'Ctrl-Z', does: 'to the background' },
  { action: 'help', keys: ['?'], shown: '?', does: 'this help' },
  { action: 'quit', keys: ['q', 'ctrl-c'], shown: 'q Ctrl-C', does: 'quit' },
]

const ACTIONS = new Map(BINDINGS.flatMap(({ action, keys }) => keys.map((key) => [key, action] as const)))

export function actionOf(key: string): Action | undefined {
  return ACTIONS.get(key)
}

const LEGEND: readonly (readonly [string, string])[] = [
  ['S▸ ◂SA A▸', 'the handshake; arrows point from the client to the server and back'],
  ['s▸ ◂sa a▸', 'small letters: not seen, but it must have been'],
  ['···', 'data'],
  ['F▸ ◂A ◂F A▸', 'the close'],
  ['◂R RA▸ ICMP', 'it ended before its time'],
  ['⟳2.3 s', 'the kernel sends it again in 2.3 s'],
]

/** Lines of the help, which is longer than a small screen. */
export function helpLines(model: LiveModel, width: number, style: Style): string[] {
  const lines: Span[][] = [[['  keys', style.bold]]]
  if (model.playback !== undefined)
    for (const [shown, does] of PLAYBACK_KEYS) lines.push([['  '], [fit(shown, 12), style.info], [does]])
  for (const { shown, does } of BINDINGS) lines.push([['  '], [fit(shown, 12), style.info], [does]])
  lines.push([['']], [['  handshake strip', style.bold]])
  for (const [cells, meaning] of LEGEND) lines.push([['  '], [fit(cells, 12), style.info], [meaning]])
  if (model.facts.lacks.length > 0) {
    lines.push([['']], [['  what is missing', style.bold]])
    for (const lack of model.facts.lacks) lines.push([['  '], [lack, style.warn]])
  }
  return lines.map((spans) => lineOf(spans, width))
}
