import { type Nanos, roundMs } from '../../flow/time.ts'
import { Dial } from '../../host/dial.ts'
import type { Waiter } from '../../host/wait.ts'
import type { Attempt, AttemptOutcome } from '../../render/attempt.ts'
import type { TraceClock } from '../../render/time.ts'
import type { Pulse } from '../analysis/pulse.ts'
import type { ConnectOptions } from '../connect.ts'
import type { OwnJudge } from './judge.ts'
import type { Resolved } from './resolve.ts'
import type { ConnectWatch, Seen } from './watch.ts'

/** How long a connection is kept, to see a reset that follows. */
const KEPT_MS = 250
/** Packets of what the kernel told us reach us within this, and so many looks at what came. */
const SETTLE_MS = 30
const SETTLE_LOOKS = 4
/** A verdict is given once the packets and the kernel's records have settled. */
const VERDICT_MS = 700
const VERDICT_LOOKS = 8

export interface AttemptParts {
  readonly n: number
  readonly address: Resolved
  readonly port: number
  /** What the address was resolved from. */
  readonly name?: string
  readonly options: ConnectOptions
  readonly clock: TraceClock
  /** Nanoseconds on that clock. */
  readonly now: () => number
  readonly pulse: Pulse
  readonly waiter: Waiter
  readonly watch: ConnectWatch
  /** For an attempt that no other plane can tell of. */
  readonly judge?: OwnJudge
  readonly isInterrupted: () => boolean
}

/** Dials once, watches what becomes of it, and closes. */
export async function makeAttempt(parts: AttemptParts): Promise<{ record: Attempt; seen: Seen }> {
  const { address, port, options, now, pulse, waiter, watch, isInterrupted } = parts
  const { source, interface: iface, timeout } = options
  const at = now()
  const dial = new Dial(
    { addr: address.addr, port },
    {
      ...(source !== undefined && { source }),
      ...(iface !== undefined && { iface }),
      ...(address.scope !== undefined && { scope: address.scope }),
    },
  )
  const server = { addr: unmapped(address.addr), port }
  const client = dial.local && { ...dial.local, addr: unmapped(dial.local.addr) }
  const seen = watch.expect(client, server)
  try {
    if (!dial.hasEnded()) {
      waiter.addWriter(dial.fd)
      await pulse.until(() => dial.hasEnded() || isInterrupted(), timeout)
      waiter.remove(dial.fd)
    }
    const ended = dial.hasEnded() ? dial.ended : performance.now()
    const after = dial.isConnected ? await keep(parts, dial) : {}
    const error = 'error' in after ? after.error : dial.error
    const hasFailed = !dial.isConnected || error !== undefined
    // Everything is there already when the verdict is; without a capture none comes.
    await pulse.until(() => seen.flow !== undefined, SETTLE_MS + watch.lateMs, SETTLE_LOOKS)
    const hasNoResult = !dial.isConnected && dial.error === undefined
    const interrupted = hasNoResult && isInterrupted()
    const gaveUp = hasNoResult && !interrupted
    // What is said of it from here on would be of our going away.
    if (interrupted) watch.forget(seen)
    if (hasNoResult) {
      // Whatever is judged behind this is judged because we went away.
      seen.gaveUp = true
      waiter.remove(dial.fd)
      dial.close()
    }
    if (hasFailed && !interrupted && dial.failed === 'connect') {
      if (watch.isOpen)
        await pulse.until(
          () => seen.verdict !== undefined && (gaveUp || seen.verdict.final),
          VERDICT_MS + watch.lateMs,
          VERDICT_LOOKS,
        )
      if (seen.flow === undefined)
        seen.verdict ??= parts.judge?.verdict({
          client,
          server,
          error: error ?? 'ETIMEDOUT',
          immediate: dial.hasFailedAtOnce,
          final: !gaveUp,
          at: now() as Nanos,
        })
    }
    return {
      seen,
      record: {
        type: 'attempt',
        time: parts.clock.rfc3339(at),
        ts: parts.clock.epoch(at),
        n: parts.n,
        server: { ...server, ...(parts.name !== undefined && { name: parts.name }) },
        ...(client && { client }),
        outcome: interrupted ? 'interrupted' : gaveUp ? 'timeout' : outcomeOf(error),
        ...(gaveUp ? { error: 'ETIMEDOUT', gave_up: true } : error !== undefined && { error }),
        ...(dial.failed !== 'connect' && { call: CALLS[dial.failed] }),
        connect_ms: roundMs(ended - dial.began),
        ...('resetMs' in after && { reset_after_ms: after.resetMs }),
        ...('closedMs' in after && { closed_after_ms: after.closedMs }),
        ...('received' in after && { received: after.received }),
        ...wireOf(seen),
      },
    }
  } finally {
    waiter.remove(dial.fd)
    dial.close()
  }
}

interface Kept {
  readonly error?: string
  readonly resetMs?: number
  readonly closedMs?: number
  readonly received?: number
}

/** Holds an established connection for a moment. */
async function keep({ pulse, waiter, now, isInterrupted }: AttemptParts, dial: Dial): Promise<Kept> {
  const begin = now()
  let closedMs: number | undefined
  waiter.add(dial.fd)
  await pulse.until(() => {
    const { error, closed } = dial.after()
    if (closed && closedMs === undefined) {
      closedMs = roundMs((now() - begin) / 1e6)
      // An end of the stream stays readable: the wait would not wait any more.
      waiter.remove(dial.fd)
    }
    return error !== undefined || isInterrupted()
  }, KEPT_MS)
  waiter.remove(dial.fd)
  const { error, received } = dial.after()
  return {
    ...(error !== undefined && { error, resetMs: roundMs((now() - begin) / 1e6) }),
    ...(closedMs !== undefined && { closedMs }),
    ...(received > 0 && { received }),
  }
}

function wireOf(seen: Seen): Partial<Attempt> {
  const { flow, syns, rttMs, clientOptions, serverOptions, serverProcess } = seen
  return {
    ...(flow !== undefined && { flow, syn_count: syns }),
    ...(rttMs !== undefined && { rtt_ms: rttMs }),
    ...(clientOptions !== undefined && { client_options: clientOptions }),
    ...(serverOptions !== undefined && { server_options: serverOptions }),
    ...(serverProcess !== undefined && { process: { server: serverProcess } }),
  }
}

function outcomeOf(error: string | undefined): AttemptOutcome {
  switch (error) {
    case undefined:
      return 'established'
    case 'ECONNREFUSED':
      return 'refused'
    case 'ETIMEDOUT':
      return 'timeout'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'unreachable'
    case 'ECONNRESET':
      return 'reset'
    default:
      return 'failed'
  }
}

const CALLS = { socket: 'socket', bind: 'bind', interface: 'setsockopt' } as const

/** Packets of an IPv4-mapped address are IPv4's. */
function unmapped(addr: string): string {
  return addr.replace(/^::ffff:(?=\d+\.)/, '')
}
