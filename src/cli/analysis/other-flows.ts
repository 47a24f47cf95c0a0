import type { FlowPart } from '../../flow/tracker.ts'

/** Flows that are followed by another thread: here they are only counted. */
export interface OtherFlows {
  /** Those that are followed here. */
  readonly part: FlowPart
  /** How many others there are so far. */
  readonly flows: number
  /** Resolves once all are known, `flows` being those that were followed here; to false when their sum is not right. */
  finish(flows: number): Promise<boolean>
}
