import { sanitize } from '../render/sanitize.ts'
import type { Style } from '../render/style.ts'
import { formatBytes } from '../render/units.ts'
import { wrap } from '../render/wrap.ts'
import type { LiveModel } from './model/model.ts'
import { lineOf } from './spans.ts'

/** The followed bytes as text: the client's and the server's in different colours, and marked. */
export function streamLines(model: LiveModel, width: number, style: Style): string[] {
  const { follow } = model
  const lines: string[] = []
  if (follow.left > 0) lines.push(lineOf([[`  ${formatBytes(follow.left)} before this`, style.dim]], width))
  for (const { side, bytes, missed } of follow.turns) {
    const paint = side === 'client' ? style.info : style.good
    if (missed > 0) lines.push(lineOf([[`  ${formatBytes(missed)} were not captured`, style.bad]], width))
    const mark = side === 'client' ? '▸ ' : '◂ '
    for (const line of textOf(bytes))
      for (const part of wrap(line, width - 2)
        .split('\n')
        .flatMap((text) => chunks(text, width - 2)))
        lines.push(lineOf([[mark, paint], [part]], width))
  }
  if (lines.length === 0)
    lines.push(lineOf([['  nothing was sent since the following began', style.dim]], width))
  return lines
}

const decoder = new TextDecoder()

function textOf(bytes: Uint8Array): string[] {
  const text = decoder.decode(bytes).replaceAll('\r\n', '\n')
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map(sanitize)
}

function chunks(text: string, width: number): string[] {
  const parts: string[] = []
  for (let at = 0; at < text.length || at === 0; at += width) parts.push(text.slice(at, at + width))
  return parts
}
