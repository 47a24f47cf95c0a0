import type { Nanos } from '../flow/time.ts'
import type { CallFact } from '../kernel/fact.ts'
import type { KernelTrace } from './kernel-evidence.ts'

/**
 * A connect() that failed once it had waited is told by the error that its socket reported; what it returned is passed
 * over then. Where the report was not told the call comes all the same: it is no failure at once, and no attempt of its
 * own.
 */

/** Errors that connect() returns only for what came from the network, or did not: never at once. */
const BY_NETWORK: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'])
/** The one that it returns at once when its socket is in SYN_SENT already (tcp_v4_connect). */
export const NO_PORT_LEFT = 'EADDRNOTAVAIL'

export function isByNetwork(error: string): boolean {
  return BY_NETWORK.has(error)
}

/** Whether the call waited for that connection. */
export function isWaitedFor(known: KernelTrace, { error, pid }: CallFact): boolean {
  if (error === NO_PORT_LEFT || known.isFailed || known.established !== undefined) return false
  return known.dialler === undefined || known.dialler.pid === pid
}

/** The connection ends with what the call returned. */
export function fail(known: KernelTrace, { remote, error }: CallFact, at: Nanos): void {
  const end = known.ends[1 - known.indexOf(remote)]!
  end.error = { name: error, at }
  end.state = 'CLOSE'
  end.closed = at
  known.last = at
}

/** The latest connection of a socket that has lost its address by the time its connect() returns (tcp_disconnect). */
export function unnamed(
  traces: Iterable<KernelTrace>,
  { proto, local, remote, netns }: CallFact,
): KernelTrace | undefined {
  if (local.addr !== '0.0.0.0' && local.addr !== '::') return undefined
  let latest: KernelTrace | undefined
  for (const trace of traces) {
    const far = trace.indexOf(remote)
    const [there, own] = [trace.names[far]!, trace.names[1 - far]!]
    const isAt = there.addr === remote.addr && there.port === remote.port
    if (!isAt || trace.proto !== proto || own.port !== local.port) continue
    if ((trace.ends[1 - far]!.netns ?? netns) === netns) latest = trace
  }
  return latest
}
