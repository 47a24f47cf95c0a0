import * as libc from './libc.ts'

const CLOCK_REALTIME = 0
const CLOCK_MONOTONIC = 1
const CLOCK_THREAD_CPUTIME_ID = 3
const RUSAGE_CHILDREN = -1
const SAMPLES = 5

const timespec = new Uint8Array(new ArrayBuffer(16))
const view = new DataView(timespec.buffer)
const usage = new Uint8Array(new ArrayBuffer(144))
const usageView = new DataView(usage.buffer)

/** Epoch seconds now, whole: the origin from which a live source counts its nanoseconds. */
export function originNow(): number {
  return Math.floor(Date.now() / 1000)
}

/** Nanoseconds of the wall clock since `originSeconds`, for packets that carry no time of their own. */
export function nanosSince(originSeconds: number): number {
  libc.clockGettime(CLOCK_REALTIME, timespec)
  return (Number(view.getBigInt64(0, true)) - originSeconds) * 1e9 + Number(view.getBigInt64(8, true))
}

/**
 * What to add to a CLOCK_MONOTONIC time to get epoch nanoseconds. It changes when the wall clock is set or
 * slewed: ask again now and then. The tightest of a few samples, good to about 0.1 µs.
 */
export function monotonicToRealtimeOffset(): bigint {
  let best = 0n
  let tightest = 2n ** 63n
  for (let i = 0; i < SAMPLES; i++) {
    const before = clockNanos(CLOCK_MONOTONIC)
    const wall = clockNanos(CLOCK_REALTIME)
    const after = clockNanos(CLOCK_MONOTONIC)
    if (after - before >= tightest) continue
    tightest = after - before
    best = wall - (before + after) / 2n
  }
  return best
}

/** Processor time of this thread and of all children that have ended, ms. */
export function cpuTime(): number {
  libc.getResourceUsage(RUSAGE_CHILDREN, usage)
  const seconds = usageView.getBigInt64(0, true) + usageView.getBigInt64(16, true)
  const micros = usageView.getBigInt64(8, true) + usageView.getBigInt64(24, true)
  return Number(clockNanos(CLOCK_THREAD_CPUTIME_ID)) / 1e6 + Number(seconds) * 1e3 + Number(micros) / 1e3
}

function clockNanos(clock: number): bigint {
  libc.clockGettime(clock, timespec)
  return view.getBigInt64(0, true) * 1_000_000_000n + view.getBigInt64(8, true)
}
