import { sanitize } from '../render/sanitize.ts'
import type { Style } from '../render/style.ts'
import { count, formatBytes } from '../render/units.ts'
import type { LiveModel } from './model/model.ts'
import type { Playback } from './playback.ts'
import { lineOf, type Span, spansWidth } from './spans.ts'

/** States told by name in the header, in this order; the rest is a sum. */
const NAMED = ['ESTABLISHED', 'LISTEN', 'SYN_SENT', 'SYN_RECV', 'CLOSE_WAIT', 'TIME_WAIT'] as const

/** Two lines: how much there is, and what is watched. */
export function headerLines(model: LiveModel, width: number, style: Style): string[] {
  const { rates, facts, counts } = model
  const there =
    model.playback === undefined ? count(counts.sockets, 'socket') : count(model.book.rows.size, 'connection')
  const left: Span[] = [['socktrace', style.bold], [`  ${there}`]]
  for (const state of NAMED) {
    const number = (counts.states.get(state) ?? 0) + (state === 'TIME_WAIT' ? facts.unlisted : 0)
    if (number > 0) left.push([`  ${number} ${state}`, state === 'CLOSE_WAIT' ? style.warn : style.dim])
  }
  const right: Span[] = [
    [`  ${rate(rates.packetsPerSecond)} packets/s  ${formatBytes(Math.round(rates.bytesPerSecond))}/s`],
    facts.droppedKernel > 0 ? [`  ${facts.droppedKernel} dropped`, style.bad] : ['  0 dropped', style.dim],
  ]
  return [spread(left, right, width), planesLine(model, width, style)]
}

/** What is said last, else which planes are watched and the first thing that is missing. */
function planesLine(model: LiveModel, width: number, style: Style): string {
  const { facts, message, question } = model
  if (question !== undefined) return lineOf([[`${question} [y/N] `, style.warn]], width)
  if (model.exporting)
    return lineOf(
      [
        ['Write this connection as  '],
        ['n', style.bold],
        [' NDJSON, what is known of it   '],
        ['p', style.bold],
        [' pcapng, its packets   '],
        ['Esc', style.bold],
        [' not'],
      ],
      width,
    )
  if (message !== undefined)
    return lineOf([[sanitize(message.text), message.bad ? style.bad : style.info]], width)
  const spans: Span[] = model.playback === undefined ? [] : playbackSpans(model.playback, style)
  if (facts.opening) spans.push(['opening the capture and the kernel’s events …', style.dim])
  for (const { name, watched } of facts.planes)
    spans.push([`${watched ? '●' : '⊘'} ${name}`, watched ? style.good : style.warn], ['  '])
  if (facts.engine !== undefined) spans.push([facts.engine, style.dim], ['  '])
  const [lack] = facts.lacks
  if (lack !== undefined) {
    const more = facts.lacks.length > 1 ? ` (+${facts.lacks.length - 1}: ?)` : ''
    spans.push([`${sanitize(lack)}${more}`, style.warn])
  }
  return lineOf(spans, width)
}

/** Where in the file it is, in its time. */
function playbackSpans(playback: Playback, style: Style): Span[] {
  const { start, end, now, playing, stepping, speed, name } = playback
  const [at, whole] = [(now - start) / 1000, (end - start) / 1000]
  const digits = whole < 10 ? 3 : 1
  const percent = whole === 0 ? 100 : Math.floor((at / whole) * 100)
  const state = stepping ? '▶ to the next event' : playing ? `▶ ×${speed}` : now >= end ? 'the end' : '⏸'
  return [
    [state, playing || stepping ? style.good : style.warn],
    [`  ${at.toFixed(digits)} s of ${whole.toFixed(digits)} s, ${percent} %`],
    [`  ${new Date(now).toISOString()}`, style.dim],
    [`  ${sanitize(name)}  `],
  ]
}

const KEYS: Readonly<
  Record<'main' | 'playback' | 'overlay' | 'edit', readonly (readonly [key: string, does: string])[]>
> = {
  main: [
    ['Enter', 'details'],
    ['/', 'filter'],
    ['s', 'sort'],
    ['g', 'group'],
    ['Space', 'pause'],
    ['L', 'ladder'],
    ['f', 'bytes'],
    ['e', 'export'],
    ['K', 'close'],
    ['Tab', 'pane'],
  ],
  playback: [
    ['Space', 'play'],
    ['.', 'step'],
    ['<>', 'seek'],
    ['0-9', 'go to'],
    ['-+', 'speed'],
    ['Enter', 'details'],
    ['/', 'filter'],
    ['L', 'ladder'],
    ['f', 'bytes'],
    ['e', 'export'],
    ['s', 'sort'],
    ['g', 'group'],
  ],
  overlay: [
    ['Esc', 'back'],
    ['↑↓', 'scroll'],
    ['e', 'export'],
  ],
  edit: [
    ['Enter', 'keep'],
    ['Esc', 'undo'],
  ],
}

/** The keys of what is shown; help and quit never fall off. While a filter is typed: the text. */
export function footerLine(
  model: LiveModel,
  width: number,
  style: Style,
): { line: string; cursor: number | undefined } {
  const right: Span[] = [['? ', style.bold], ['help '], ['q ', style.bold], ['quit']]
  const { edit, editError } = model
  const left: Span[] = []
  if (edit !== undefined) {
    left.push(['/', style.bold], [sanitize(edit.text)])
    const cursor = Math.min(width - 1, spansWidth([['/'], [sanitize(edit.head)]]))
    left.push([editError === undefined ? '' : `   ${editError}`, style.bad])
    const keys = editError === undefined ? keySpans('edit', style) : []
    return { line: spread(left, keys, width), cursor }
  }
  for (const [text, paint] of keySpans(shownKeys(model), style)) {
    if (spansWidth(left) + text.length + spansWidth(right) + 1 > width) break
    left.push(paint === undefined ? [text] : [text, paint])
  }
  return { line: spread(left, right, width), cursor: undefined }
}

function shownKeys({ overlay, playback }: LiveModel): keyof typeof KEYS {
  if (overlay !== undefined) return 'overlay'
  return playback === undefined ? 'main' : 'playback'
}

function keySpans(which: keyof typeof KEYS, style: Style): Span[] {
  return KEYS[which].flatMap(([key, does]): Span[] => [[key, style.bold], [` ${does}  `]])
}

/** Both ends of a line; what does not fit falls off the left one. */
function spread(left: readonly Span[], right: readonly Span[], width: number): string {
  const room = width - spansWidth(right)
  if (room <= 0) return lineOf(right, width)
  return lineOf(left, room) + lineOf(right, width - room)
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1)
}
