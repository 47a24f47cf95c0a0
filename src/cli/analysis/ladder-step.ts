import type { FlowEvent } from '../../flow/event.ts'
import type { FlowTracker } from '../../flow/tracker.ts'
import { type LadderStep, remarksOf, segmentText } from '../../render/ladder-model.ts'
import { KIND_ICMP, KIND_TCP, type PacketStack } from '../../wire/stack.ts'

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
    ...remarksOf(events),
  }
}

/** What stands on the arrow. An acknowledgement is relative to `origin`, as in `--packets`. */
function whatIs(stack: PacketStack, origin: number): string {
  const { payloadLength } = stack
  if (stack.kind !== KIND_TCP) return `${stack.kind === KIND_ICMP ? 'ICMP' : 'UDP'} ${payloadLength} B`
  const { flags, acknowledgement } = stack.tcp
  return segmentText(flags, payloadLength, (acknowledgement - origin) >>> 0)
}
