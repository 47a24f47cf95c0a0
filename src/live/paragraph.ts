import { sanitize } from '../render/sanitize.ts'
import type { Style } from '../render/style.ts'
import { wrap } from '../render/wrap.ts'
import { fit, lineOf, type Paint, type Span } from './spans.ts'

/** Cells of the labels at the left, and of the space before them. */
const LABEL = 11
const INDENT = 2
/** Narrowest column of text that is broken into lines. */
const LEAST = 20

/** Something to tell: in one line, cut where it is too long, and in as many as it takes. */
export interface Paragraph {
  readonly cut: string
  readonly whole: readonly string[]
}

/** What fits in a line. */
export function oneLine(spans: readonly Span[], width: number): Paragraph {
  const cut = lineOf(spans, width)
  return { cut, whole: [cut] }
}

/** A labelled fact. */
export function fact(label: string, spans: readonly Span[], width: number, style: Style): Paragraph {
  return oneLine([[' '.repeat(INDENT)], [fit(label, LABEL), style.dim], ...spans], width)
}

/** A labelled text, with a mark before it; further lines begin below its first letter. */
export function labelled(
  label: string,
  mark: Span | undefined,
  text: string,
  width: number,
  style: Style,
  paint?: Paint,
): Paragraph {
  const head: Span[] = [[' '.repeat(INDENT)], [fit(label, LABEL), style.dim]]
  if (mark !== undefined) head.push(mark, [' '])
  return hanging(head, INDENT + LABEL + (mark === undefined ? 0 : mark[0].length + 1), text, width, paint)
}

/** A text behind `head`, which takes `indent` cells. */
export function hanging(
  head: readonly Span[],
  indent: number,
  text: string,
  width: number,
  paint?: Paint,
): Paragraph {
  const clean = sanitize(text)
  const span = (part: string): Span => (paint === undefined ? [part] : [part, paint])
  const [first = '', ...rest] = wrap(clean, Math.max(LEAST, width - indent)).split('\n')
  return {
    cut: lineOf([...head, span(clean)], width),
    whole: [
      lineOf([...head, span(first)], width),
      ...rest.map((part) => lineOf([[' '.repeat(indent)], span(part)], width)),
    ],
  }
}

/** As many lines as there are; where they are more than `room`, the first ones are told whole as far as it goes. */
export function unfold(paragraphs: readonly Paragraph[], room: number): string[] {
  let spare = room - paragraphs.length
  return paragraphs.flatMap(({ cut, whole }) => {
    const more = whole.length - 1
    if (more > spare) return [cut]
    spare -= more
    return whole
  })
}

/** Lines that all of it takes. */
export function linesOf(paragraphs: readonly Paragraph[]): number {
  return paragraphs.reduce((lines, { whole }) => lines + whole.length, 0)
}
