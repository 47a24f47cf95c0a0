import { cellWidth, cutEnd } from '../render/cell-width.ts'

export type Paint = (text: string) => string

/** A piece of a line: text without colours, and what paints it. */
export type Span = readonly [text: string, paint?: Paint]

/** One cell each: measuring them one by one would cost more than the rest of a frame. */
const SINGLE_CELLS = /^[ -~▸◂▶◀→←↔↑↓…·•│─┌┐└┘├┤⋮✓✗⊘●○▾⟳⏸]*$/u

const REVERSE = '\u001b[7m'
const RESET = '\u001b[0m'

function widthOf(text: string): number {
  return SINGLE_CELLS.test(text) ? text.length : cellWidth(text)
}

/** The text in exactly `width` cells, cut with `…` or padded. */
export function fit(text: string, width: number): string {
  const cells = widthOf(text)
  if (cells <= width) return text + ' '.repeat(width - cells)
  if (width <= 0) return ''
  const cut = SINGLE_CELLS.test(text) ? `${text.slice(0, width - 1)}…` : cutEnd(text, width)
  return cut + ' '.repeat(Math.max(0, width - widthOf(cut)))
}

/** The same at the right end of its cells. */
export function fitRight(text: string, width: number): string {
  const cells = widthOf(text)
  return cells >= width ? fit(text, width) : ' '.repeat(width - cells) + text
}

/** A line of exactly `width` cells; in reverse video, which needs no colour, when it is `selected`. */
export function lineOf(spans: readonly Span[], width: number, selected = false): string {
  let left = width
  let line = ''
  for (const [text, paint] of spans) {
    if (left <= 0) break
    const cells = widthOf(text)
    const shown = cells <= left ? text : fit(text, left)
    left -= Math.min(cells, left)
    line += selected || paint === undefined ? shown : paint(shown)
  }
  line += ' '.repeat(Math.max(0, left))
  return selected ? `${REVERSE}${line}${RESET}` : line
}

/** Cells that the spans take together. */
export function spansWidth(spans: readonly Span[]): number {
  let width = 0
  for (const [text] of spans) width += widthOf(text)
  return width
}

const SGR = /\u001b\[[0-9;]*m/g

/** A line that has its colours already, in exactly `width` cells. */
export function fitPainted(line: string, width: number): string {
  const bare = line.replace(SGR, '')
  const cells = widthOf(bare)
  if (cells <= width) return line + ' '.repeat(width - cells)
  let left = width
  let cut = ''
  let at = 0
  for (const { index, 0: code } of [...line.matchAll(SGR), { index: line.length, 0: '' }]) {
    const text = line.slice(at, index)
    const shown = widthOf(text) <= left ? text : fit(text, left)
    left -= widthOf(shown)
    cut += shown + code
    at = index + code.length
  }
  return cut + ' '.repeat(Math.max(0, left))
}

const ASCII: Readonly<Record<string, string>> = {
  '▸': '>',
  '◂': '<',
  '▶': '>',
  '◀': '<',
  '→': '>',
  '←': '<',
  '↔': '-',
  '↑': '^',
  '↓': 'v',
  '…': '~',
  '·': '.',
  '•': '*',
  '│': '|',
  '─': '-',
  '⋮': ':',
  '✓': '+',
  '✗': 'x',
  '⊘': '-',
  '●': '*',
  '○': 'o',
  '▾': 'v',
  '⟳': '@',
  '⏸': '=',
}

/** For terminals that have ASCII only: every other character becomes as many letters as it has cells. */
export function asciiLine(line: string): string {
  return line.replace(
    /[^\u0000-\u007f]/gu,
    (character) => ASCII[character] ?? '?'.repeat(cellWidth(character)),
  )
}

/** Whether a terminal shows Unicode: its locale says UTF-8, and it is neither the console nor dumb. */
export function hasUnicode(environment: { readonly [name: string]: string | undefined }): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || ''
  return /utf-?8/i.test(locale) && environment['TERM'] !== 'linux' && environment['TERM'] !== 'dumb'
}
