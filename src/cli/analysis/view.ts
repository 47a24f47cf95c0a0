import type { PacketSource } from '../../capture/source.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import type { FlowEvent } from '../../flow/event.ts'
import type { FlowRecord } from '../../flow/record.ts'
import type { FlowTracker } from '../../flow/tracker.ts'
import type { NameOf } from '../../render/endpoint-name.ts'
import type { Style } from '../../render/style.ts'
import type { TraceClock } from '../../render/time.ts'
import type { Io } from '../io.ts'
import type { FlowProcesses } from './flow-processes.ts'
import type { PacketSink } from './pump.ts'

/**
 * What a run prints beside events and flow records. Each takes only what it needs: without any `event` no event is
 * made. Flows that the choice of processes leaves out do not come.
 */
export interface View {
  /** Every packet, right behind the events that it made. */
  readonly packets?: PacketSink
  event?(event: FlowEvent): void
  /** Comes before the record of its flow, and again when a later one takes its place. */
  verdict?(verdict: Verdict): void
  /** `row` is free for another flow once this returns. */
  flow?(record: FlowRecord, row: number): void
  /** From now on records are those of flows that are still open. */
  ending?(): void
  /** Everything was given. */
  finish?(): void
  /** Throws `UserError` when what was asked for never came; called when everything else was said. */
  check?(): void
}

/** What views have of their run. */
export interface ViewParts {
  readonly io: Io
  readonly source: PacketSource
  readonly clock: TraceClock
  readonly style: Style
  /** For what is not of an event or record: those have their names. */
  readonly nameOf: NameOf
  readonly processes: FlowProcesses | undefined
  /** Known once packets come. */
  readonly tracker: () => FlowTracker
  /** Attempts without a verdict of their own so far: their process reached the port at another address. */
  readonly superseded: () => number
}
