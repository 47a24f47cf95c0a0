import type { FlowEvent } from '../../flow/event.ts'
import type { FlowTracker } from '../../flow/tracker.ts'
import type { LadderStep, LadderTone } from '../../render/ladder-model.ts'
import { eventLabel } from '../../render/line.ts'
import { KIND_ICMP, KIND_TCP, type PacketStack } from '../../wire/stack.ts'
import { flagsText } from '../../wire/tcp-flags.ts'

/** What a ladder shows of the packet just given (borrowed), which is of the flow in `row`, and of its events. */
export function ladderStep(
  tracker: FlowTracker,
  events: readonly FlowEvent[],
  at: number,
  stack: PacketStack,
  row: number,
): LadderStep {
  const [first] = events
  const quoting = first?.event === 'icmp_error' ? first : undefined
  return {
    at,
    // An ICMP error goes to the sender of what it quotes.
    fromClient: quoting === undefined ? tracker.isFromClient(row) : quoting.sender !== 'client',
    what:
      quoting === undefined
        ? whatIs(stack, tracker.initialSequence(row, 'receiver'))
        : `ICMP ${quoting.icmp_name}`,
    len: stack.payloadLength,
    tone: toneOf(events),
    ...(events.length > 0 && {
      label: events.map(eventLabel).join(', '),
      text: events.map(({ text }) => text).join('; '),
    }),
  }
}

/** What stands on the arrow. An acknowledgement is relative to `origin`, as in `--packets`. */
function whatIs(stack: PacketStack, origin: number): string {
  const { payloadLength } = stack
  if (stack.kind !== KIND_TCP) return `${stack.kind === KIND_ICMP ? 'ICMP' : 'UDP'} ${payloadLength} B`
  const { flags, acknowledgement } = stack.tcp
  const text = flagsText(flags)
  if (payloadLength > 0) return `[${text}] ${payloadLength} B`
  return text === '.' ? `[.] ack ${(acknowledgement - origin) >>> 0}` : `[${text}]`
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
