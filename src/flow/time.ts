/** Nanoseconds since the origin of the trace (`PacketSource.originSeconds`): exact in a double for 104 days. */
export type Nanos = number & { readonly __nanos: true }

export const NANOS_PER_MS = 1e6
export const NANOS_PER_SECOND = 1e9

/** Milliseconds to the nanosecond: a difference or a mean of doubles has digits beyond that which say nothing. */
export function roundMs(ms: number): number {
  return Math.round(ms * NANOS_PER_MS) / NANOS_PER_MS
}
