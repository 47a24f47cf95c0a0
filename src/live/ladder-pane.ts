import type { FlowEvent } from '../flow/event.ts'
import { ladderText } from '../render/ladder.ts'
import { type Ladder, LadderRows, type LadderStep, ladderDrop, remarksOf } from '../render/ladder-model.ts'
import { processText } from '../render/line.ts'
import type { Style } from '../render/style.ts'
import { count, formatBytes } from '../render/units.ts'
import type { FlowCard, Run } from './model/flow-card.ts'
import { fitPainted } from './spans.ts'

/** One packet of a flow that is still held; `what` stands on its arrow. */
export interface HeldStep {
  readonly at: number
  readonly fromClient: boolean
  readonly what: string
  readonly len: number
}

/** What is held of one flow's packets, oldest first. */
export interface HeldSteps {
  readonly steps: readonly HeldStep[]
  /** Nothing of the flow is older than what is held. */
  readonly whole: boolean
}

/**
 * One connection as a sequence diagram: its packets, as far as they are held, each with what happened to it. Before
 * them stand the events that were kept, and how much payload went by.
 */
export function ladderLines(
  card: FlowCard,
  held: HeldSteps | undefined,
  width: number,
  style: Style,
  started: string,
): string[] {
  const rows = new LadderRows()
  for (const step of stepsOf(card, held?.steps ?? [])) rows.add(step)
  for (const event of card.events) if (event.event === 'drop') rows.drop(ladderDrop(event))
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
  for (const note of notes(card, held)) lines.push(style.dim(note))
  return lines.map((line) => fitPainted(line, width))
}

function notes(card: FlowCard, held: HeldSteps | undefined): string[] {
  const found: string[] = []
  if (held === undefined || held.steps.length === 0)
    found.push('its packets are not held any more: only what happened is drawn')
  else if (!held.whole)
    found.push(
      `the latest ${count(held.steps.length, 'packet')} are held; of older ones what happened is drawn`,
    )
  if (card.left > 0) found.push(`${count(card.left, 'event')} between are not kept`)
  return found
}

/** In the order of their times. */
function stepsOf(card: FlowCard, held: readonly HeldStep[]): LadderStep[] {
  const since = held[0]?.at ?? Number.POSITIVE_INFINITY
  const byPacket = new Map<string, FlowEvent[]>()
  const steps: LadderStep[] = []
  const packets = new Set(held.map(({ at, fromClient }) => packetKey(at, fromClient)))
  for (const event of card.events) {
    if (event.event === 'drop') continue
    const key = packetKey(event.at, event.sender === 'client')
    // ICMP is no packet of the flow; a packet is held no longer than others.
    if (event.event === 'icmp_error' || !packets.has(key)) steps.push(eventStep(event))
    else byPacket.set(key, [...(byPacket.get(key) ?? []), event])
  }
  for (const packet of held) {
    const key = packetKey(packet.at, packet.fromClient)
    const events = byPacket.get(key) ?? []
    // Two packets of one instant: what happened is said once.
    byPacket.delete(key)
    steps.push({ ...packet, ...remarksOf(events) })
  }
  for (const run of card.runs) if (run.at < since) steps.push(runStep(run, since))
  return steps.sort((a, b) => a.at - b.at)
}

function packetKey(at: number, fromClient: boolean): string {
  return `${at} ${fromClient}`
}

function eventStep(event: FlowEvent): LadderStep {
  const fromSender = event.event !== 'icmp_error'
  return {
    at: event.at,
    // An ICMP error goes to the sender of what it quotes.
    fromClient: (event.sender === 'client') === fromSender,
    what: whatOf(event),
    len: 'len' in event ? event.len : 0,
    ...remarksOf([event]),
  }
}

function runStep({ at, until, side, packets, bytes }: Run, since: number): LadderStep {
  const below = until >= since ? ', the latest of them below' : ''
  return {
    at,
    fromClient: side === 'client',
    what: formatBytes(bytes),
    len: bytes,
    label: 'data',
    text: packets === 1 ? '' : `${count(packets, 'packet')}${below}`,
    tone: 'plain',
  }
}

function whatOf(event: FlowEvent): string {
  if (event.event === 'icmp_error') return `ICMP ${event.icmp_name}`
  if (!('flags' in event)) return event.event
  if (event.event === 'drop') return `[${event.flags}]`
  return `[${event.flags}]${event.len > 0 ? ` ${event.len} B` : ''}`
}
