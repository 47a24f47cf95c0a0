import type { FlowEvent } from '../flow/event.ts'
import { ladderText } from '../render/ladder.ts'
import {
  type Ladder,
  LadderRows,
  type LadderStep,
  type LadderTone,
  ladderDrop,
} from '../render/ladder-model.ts'
import { eventLabel, processText } from '../render/line.ts'
import { sanitize } from '../render/sanitize.ts'
import type { Style } from '../render/style.ts'
import { count, formatBytes } from '../render/units.ts'
import { wrap } from '../render/wrap.ts'
import type { FlowCard, Run } from './model/flow-card.ts'
import type { LiveModel } from './model/model.ts'
import { fitPainted, lineOf } from './spans.ts'

/** One connection as a sequence diagram, from the events that were kept of it. */
export function ladderLines(card: FlowCard, width: number, style: Style, started: string): string[] {
  const rows = new LadderRows()
  const segments = card.events.filter(({ event }) => event !== 'drop')
  const steps = [...segments.map(eventStep), ...card.runs.map(runStep)].sort((a, b) => a.at - b.at)
  for (const step of steps) rows.add(step)
  for (const event of card.events) {
    const drop = event.event === 'drop' ? ladderDrop(event) : undefined
    if (drop !== undefined) rows.drop(drop)
  }
  const { client, server } = card.processes
  const ladder: Ladder = {
    flow: card.id,
    proto: 'tcp',
    client: card.client,
    server: card.server,
    ...(client && { clientProcess: processText(client) }),
    ...(server && { serverProcess: processText(server) }),
    outcome: card.record?.outcome ?? 'open',
    rows: rows.rows(),
  }
  const lines = ladderText(ladder, { style, width, started }).trimEnd().split('\n')
  if (card.left > 0) lines.push(`${card.left} events between are not kept`)
  return lines.map((line) => fitPainted(line, width))
}

function eventStep(event: FlowEvent): LadderStep {
  const fromSender = event.event !== 'icmp_error'
  return {
    at: event.at,
    // An ICMP error goes to the sender of what it quotes.
    fromClient: (event.sender === 'client') === fromSender,
    what: whatOf(event),
    len: 'len' in event ? event.len : 0,
    label: eventLabel(event),
    text: event.text,
    tone: toneOf(event),
  }
}

function runStep({ at, side, packets, bytes }: Run): LadderStep {
  return {
    at,
    fromClient: side === 'client',
    what: formatBytes(bytes),
    len: bytes,
    label: 'data',
    text: packets === 1 ? '' : count(packets, 'packet'),
    tone: 'plain',
  }
}

function whatOf(event: FlowEvent): string {
  if (event.event === 'icmp_error') return `ICMP ${event.icmp_name}`
  if (!('flags' in event)) return event.event
  if (event.event === 'drop') return `[${event.flags}]`
  return `[${event.flags}]${event.len > 0 ? ` ${event.len} B` : ''}`
}

function toneOf({ event }: FlowEvent): LadderTone {
  if (event === 'reset' || event === 'icmp_error') return 'bad'
  if (event === 'handshake') return 'good'
  return event === 'close' ? 'info' : 'warn'
}

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
