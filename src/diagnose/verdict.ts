import type { Endpoint } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import type { ProcessRef } from '../process-ref.ts'

/** Every verdict there is (docs/diagnosis.md says what each means, and how to reproduce it). */
export const VERDICTS = [
  'refused.no-listener',
  'refused.wrong-address',
  'refused.wrong-family',
  'refused.wrong-netns',
  'refused.firewall-reject',
  'refused.reset',
  'timeout.no-answer',
  'timeout.dropped-out',
  'timeout.dropped-in',
  'timeout.accept-queue',
  'timeout.syn-queue',
  'timeout.handshake-stuck',
  'timeout.stale-state',
  'unreachable.host',
  'unreachable.net',
  'unreachable.prohibited',
  'unreachable.no-route',
  'unreachable.blackhole',
  'unreachable.neighbor',
  'unreachable.ttl-exceeded',
  'reset.by-peer',
  'reset.by-us',
  'reset.aborted',
  'reset.unread-data',
  'reset.backlog-abort',
  'reset.injected',
  'stalled.zero-window',
  'stalled.pmtu',
  'stalled.retransmitting',
  'stalled.accept-queue',
  'stalled.no-server-socket',
  'closed.app-stuck',
  'exhausted.ports',
  'denied.local',
  'inconclusive',
] as const

export type VerdictName = (typeof VERDICTS)[number]

export type PlaneName = 'wire' | 'socket' | 'process' | 'kernel'

/** `seen`, `not_seen` (watched, showed nothing) or `not_watched`; `detail` is a sentence, without a full stop. */
export interface PlaneFinding {
  readonly plane: PlaneName
  readonly status: 'seen' | 'not_seen' | 'not_watched'
  readonly detail: string
}

export type Confidence = 'certain' | 'likely' | 'possible'

/** What a rule says. */
export interface Conclusion {
  readonly verdict: VerdictName
  /** errno name that the application got, or will get. Absent when the application gets none. */
  readonly error?: string
  /** One sentence: why. */
  readonly summary: string
  readonly confidence: Confidence
  /** What to do: each names the exact command or setting. */
  readonly advice: readonly string[]
}

/** The verdict without what all verdicts of a connection have in common. */
export interface Finding extends Conclusion {
  /** One entry for each plane, in the order wire, socket, process, kernel. */
  readonly evidence: readonly PlaneFinding[]
}

/** The verdict on one connection or attempt. `at` counts from the trace's origin. */
export interface Verdict extends Finding {
  readonly type: 'verdict'
  readonly at: Nanos
  readonly proto: 'tcp' | 'udp'
  /** Serial of the flow; absent when no packet of it was seen. */
  readonly flow?: number
  readonly client: Endpoint
  readonly server: Endpoint
  readonly process?: { readonly client?: ProcessRef; readonly server?: ProcessRef }
  /** False while the attempt goes on: it may be replaced. */
  readonly final: boolean
}
