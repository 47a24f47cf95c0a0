/** Within this time a repeated signal is the same wish: `timeout` and a terminal's process group both send two, ms. */
const REPEAT_MS = 1000

/**
 * Runs `stop` once on SIGINT, SIGTERM or SIGHUP (without one they are left alone), `status` on every SIGUSR1.
 * Returns how to take that back.
 */
export function onSignals(stop: (() => void) | undefined, status: () => void): () => void {
  const ends = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let stopped = Number.POSITIVE_INFINITY
  const forgetEnds = (): void => {
    for (const signal of ends) process.off(signal, end)
  }
  const end = (signal: NodeJS.Signals): void => {
    if (stopped === Number.POSITIVE_INFINITY) {
      stopped = performance.now()
      stop?.()
    } else if (performance.now() - stopped > REPEAT_MS) {
      // Stopping takes too long: the default action is back.
      forgetEnds()
      process.kill(process.pid, signal)
    }
  }
  if (stop !== undefined) for (const signal of ends) process.on(signal, end)
  process.on('SIGUSR1', status)
  return () => {
    forgetEnds()
    process.off('SIGUSR1', status)
  }
}

/** Node would open its debugger on SIGUSR1, for root too. From now on the signal does nothing by itself. */
export function keepDebuggerShut(): void {
  process.on('SIGUSR1', () => {})
}
