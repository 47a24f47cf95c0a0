/** Whose bytes stay where two segments with different bytes overlap before they are delivered. */
export const OVERLAP_POLICIES = ['first', 'last', 'bsd', 'windows', 'linux', 'solaris'] as const
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number]

/** How a new segment lies over a stored one; every overlap is exactly one of these. */
const STARTS_BEFORE_ENDS_INSIDE = 0
const STARTS_BEFORE_ENDS_AT_OR_BEYOND = 1
const SAME_START_SHORTER = 2
const SAME_START_SAME_END = 3
const SAME_START_LONGER = 4
const STARTS_INSIDE_ENDS_INSIDE = 5
const STARTS_INSIDE_ENDS_BEYOND = 6

/**
 * For each policy and position, whether the new segment wins: target-based reassembly after Novak and Sturges,
 * "Target-Based TCP Stream Reassembly" (2007), with the refinements that intrusion detection systems use today.
 * `linux` is what `tcp_data_queue_ofo` does since 2.4.
 */
const NEW_WINS: Readonly<Record<OverlapPolicy, readonly boolean[]>> = {
  first: [false, false, false, false, false, false, false],
  last: [true, true, true, true, true, true, true],
  bsd: [true, true, false, false, false, false, false],
  windows: [true, true, false, false, false, false, false],
  linux: [true, true, false, false, true, false, false],
  solaris: [false, true, false, true, true, false, true],
}

/** Whether a new segment's bytes replace a stored one's where they overlap. Ends are exclusive offsets. */
export function newWins(
  policy: OverlapPolicy,
  newStart: number,
  newEnd: number,
  oldStart: number,
  oldEnd: number,
): boolean {
  return NEW_WINS[policy][position(newStart, newEnd, oldStart, oldEnd)]!
}

function position(newStart: number, newEnd: number, oldStart: number, oldEnd: number): number {
  if (newStart < oldStart)
    return newEnd < oldEnd ? STARTS_BEFORE_ENDS_INSIDE : STARTS_BEFORE_ENDS_AT_OR_BEYOND
  if (newStart > oldStart) return newEnd <= oldEnd ? STARTS_INSIDE_ENDS_INSIDE : STARTS_INSIDE_ENDS_BEYOND
  if (newEnd === oldEnd) return SAME_START_SAME_END
  return newEnd < oldEnd ? SAME_START_SHORTER : SAME_START_LONGER
}
