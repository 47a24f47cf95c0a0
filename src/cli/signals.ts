/** Runs `stop` once on SIGINT, SIGTERM or SIGHUP, `status` on every SIGUSR1. Returns how to take that back. */
export function onSignals(stop: () => void, status: () => void): () => void {
  const ends = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const end = (): void => {
    // A second one means that stopping takes too long: the default action is back.
    for (const signal of ends) process.off(signal, end)
    stop()
  }
  for (const signal of ends) process.on(signal, end)
  process.on('SIGUSR1', status)
  return () => {
    for (const signal of ends) process.off(signal, end)
    process.off('SIGUSR1', status)
  }
}
