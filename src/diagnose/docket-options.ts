import type { DropEvent, Endpoint, MismatchEvent } from '../flow/event.ts'
import type { FlowView } from '../flow/flow-view.ts'
import type { SynLadder } from '../flow/syn-ladder.ts'
import type { Nanos } from '../flow/time.ts'
import type { Evidence } from './evidence.ts'
import type { Planes } from './planes.ts'
import type { Conclusion, Verdict } from './verdict.ts'

export interface DocketOptions {
  readonly judge: (evidence: Evidence) => Conclusion | undefined
  /** Takes the verdicts; without it only their names are known, for the records of flows. */
  readonly give?: ((verdict: Verdict) => void) | undefined
  /** Is told what the kernel says of flows that packets do not. */
  readonly event?: ((event: DropEvent | MismatchEvent) => void) | undefined
  /** Whether flows of datagrams are tracked too. */
  readonly protocols: 'tcp' | 'all'
  readonly planes: Planes
  readonly ladder: SynLadder
  /** The flow in a row: borrowed. */
  readonly flowAt: (row: number) => FlowView
  /** Whether nobody answered its client for as long as that asks. */
  readonly isTimedOut: (row: number, now: Nanos) => boolean
  /** Row of the flow between two ends, NO_ROW when there is none. */
  readonly find: (proto: 'tcp' | 'udp', client: Endpoint, server: Endpoint) => number
  /** How long a connection that came to an end is left to the other planes and to packets behind, ns. */
  readonly settle: Nanos
  /** Whether the packets showed a name that both addresses belong to. */
  readonly shareName?: (a: string, b: string, at: Nanos) => boolean
  /** Packets that the capture has lost so far; `undefined` where that is not counted. */
  readonly lost?: () => number | undefined
  readonly maxCases?: number
  /** Cases judged in one look, so that packets do not wait for too long; all that are due unless given. */
  readonly atOnce?: number
}
