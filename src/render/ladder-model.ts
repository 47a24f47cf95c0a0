import type { DropEvent, Endpoint, FlowEvent } from '../flow/event.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import { eventLabel } from './line.ts'

/** One packet of a ladder. */
export interface LadderStep {
  /** Nanoseconds since the trace's origin. */
  readonly at: number
  readonly fromClient: boolean
  /** On the arrow: `[S.]`, `[P.] 517 B`, `[.] ack 518`, `ICMP host unreachable`. */
  readonly what: string
  readonly len: number
  /** What it is, `handshake 1/3`, and the sentence on it; absent for a packet with nothing to say about. */
  readonly label?: string
  readonly text?: string
  readonly tone: LadderTone
  /** This machine dropped it: the arrow does not arrive. */
  readonly dropped?: true
}

/** A packet that this machine dropped, and what stands on its arrow, or how that begins. */
export interface LadderDrop {
  readonly at: number
  readonly fromClient: boolean
  readonly what: string
  readonly reason: string
}

/** A drop is of a packet seen at most this long before or after it, ns: its time comes from another clock. */
const DROP_NANOS = 20e6

/** `good` opens, `info` closes, `warn` is an anomaly, `bad` ends the connection before its time. */
export type LadderTone = 'good' | 'info' | 'warn' | 'bad' | 'plain'

/** Packets that are not drawn: a long stretch with nothing to say about. */
export interface LadderSkip {
  readonly packets: number
  readonly clientBytes: number
  readonly serverBytes: number
  /** Times of the first and the last of them. */
  readonly from: number
  readonly to: number
}

export type LadderRow = { readonly step: LadderStep } | { readonly skip: LadderSkip }

/** One flow as a sequence diagram. */
export interface Ladder {
  readonly flow: number
  readonly proto: string
  readonly client: Endpoint
  readonly server: Endpoint
  /** `curl[4021]`, where it is known. */
  readonly clientProcess?: string
  readonly serverProcess?: string
  readonly outcome: string
  readonly rows: readonly LadderRow[]
}

/** A time between two steps that is drawn as a gap, nanoseconds. */
export const GAP_NANOS = 200e6

/** Plain packets drawn at each end of a longer stretch. */
const KEEP = 4
/** Rows after which everything counts as a stretch. */
const MOST_ROWS = 400

/** What stands on the arrow of a segment: its payload, bytes, or what it acknowledges, a byte of the other's stream. */
export function segmentText(flags: number, payload: number, acknowledged: number): string {
  const text = flagsText(flags)
  if (payload > 0) return `[${text}] ${payload} B`
  return text === '.' ? `[.] ack ${acknowledged}` : `[${text}]`
}

/** What is said beside the arrow of a packet with these events. */
export function remarksOf(events: readonly FlowEvent[]): Pick<LadderStep, 'label' | 'text' | 'tone'> {
  if (events.length === 0) return { tone: 'plain' }
  return {
    tone: toneOf(events),
    label: events.map(eventLabel).join(', '),
    text: events.map(({ text }) => text).join('; '),
  }
}

function toneOf(events: readonly FlowEvent[]): LadderTone {
  let tone: LadderTone = 'plain'
  for (const { event } of events) {
    if (event === 'reset' || event === 'icmp_error') return 'bad'
    if (event === 'handshake' && tone === 'plain') tone = 'good'
    else if (event === 'close' && tone === 'plain') tone = 'info'
    else if (event !== 'handshake' && event !== 'close') tone = 'warn'
  }
  return tone
}

/** What a ladder shows of a drop. */
export function ladderDrop({ at, sender, flags, proto, reason }: DropEvent): LadderDrop {
  const what = flags !== undefined ? `[${flags}]` : proto === 'udp' ? 'UDP' : 'ICMP'
  return { at, fromClient: sender === 'client', what, reason }
}

/** Gathers the rows of one flow; its memory does not grow with the flow's length. */
export class LadderRows {
  readonly #rows: LadderRow[] = []
  /** Plain packets since the last one that has something to say: the first ones, and the latest. */
  #head: LadderStep[] = []
  #tail: LadderStep[] = []
  #skip: LadderSkip | undefined
  /** Drops whose packet did not come yet. */
  #drops: LadderDrop[] = []

  add(packet: LadderStep): void {
    const drop = this.#drops.find((candidate) => isOf(candidate, packet))
    const step = drop === undefined ? packet : dropped(packet, drop)
    if (drop !== undefined) this.#drops = this.#drops.filter((other) => other !== drop)
    if (step.label !== undefined && this.#rows.length < MOST_ROWS) {
      this.#endStretch()
      this.#rows.push({ step })
    } else if (this.#head.length < KEEP) this.#head.push(step)
    else {
      this.#tail.push(step)
      if (this.#tail.length > KEEP) this.#leaveOut(this.#tail.shift()!)
    }
  }

  /** Marks the packet that was dropped; one that was never seen gets an arrow of its own. */
  drop(drop: LadderDrop): void {
    this.#endStretch()
    const at = this.#rows.findLastIndex((row) => 'step' in row && isOf(drop, row.step))
    const row = this.#rows[at]
    if (row !== undefined && 'step' in row) this.#rows[at] = { step: dropped(row.step, drop) }
    else this.#drops.push(drop)
  }

  /** All rows; a stretch that goes on is shown as far as it got. */
  rows(): readonly LadderRow[] {
    this.#endStretch()
    for (const drop of this.#drops) {
      const { at, fromClient, what } = drop
      const step = dropped({ at, fromClient, what, len: 0, tone: 'bad' }, drop)
      this.#rows.splice(this.#rows.findLastIndex((row) => rowTimes(row).from <= at) + 1, 0, { step })
    }
    this.#drops = []
    return this.#rows
  }

  #leaveOut(step: LadderStep): void {
    const { packets = 0, clientBytes = 0, serverBytes = 0, from = step.at } = this.#skip ?? {}
    this.#skip = {
      packets: packets + 1,
      clientBytes: clientBytes + (step.fromClient ? step.len : 0),
      serverBytes: serverBytes + (step.fromClient ? 0 : step.len),
      from,
      to: step.at,
    }
  }

  #endStretch(): void {
    for (const step of this.#head) this.#rows.push({ step })
    if (this.#skip !== undefined) this.#rows.push({ skip: this.#skip })
    for (const step of this.#tail) this.#rows.push({ step })
    this.#head = []
    this.#tail = []
    this.#skip = undefined
  }
}

function isOf(drop: LadderDrop, { at, fromClient, what, dropped: already }: LadderStep): boolean {
  if (already || fromClient !== drop.fromClient || !what.startsWith(drop.what)) return false
  return Math.abs(at - drop.at) <= DROP_NANOS
}

function dropped(step: LadderStep, { reason }: LadderDrop): LadderStep {
  const { label = 'drop', text } = step
  const why = `dropped on this host: ${reason}`
  return { ...step, label, text: text === undefined ? why : `${why}; ${text}`, tone: 'bad', dropped: true }
}

/** Times of a row: when it begins and ends. */
export function rowTimes(row: LadderRow): { readonly from: number; readonly to: number } {
  return 'step' in row ? { from: row.step.at, to: row.step.at } : row.skip
}
