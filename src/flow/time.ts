/** Nanoseconds since the origin of the trace (`PacketSource.originSeconds`): exact in a double for 104 days. */
export type Nanos = number & { readonly __nanos: true }

export const NANOS_PER_MS = 1e6
export const NANOS_PER_SECOND = 1e9

/** `2026-01-31T` of a day, counted from 1970, that a Date can hold. */
export function dateText(day: number): string {
  const text = new Date(day * 86_400_000).toISOString()
  return text.slice(0, -'00:00:00.000Z'.length)
}

/** Milliseconds to the nanosecond: a difference or a mean of doubles has digits beyond that which say nothing. */
export function roundMs(ms: number): number {
  return Math.round(ms * NANOS_PER_MS) / NANOS_PER_MS
}
