import type { Confidence, PlaneName, VerdictName } from '../../../src/diagnose/verdict.ts'
import type { Family, Place, Topology } from './topology.ts'

/** Where socktrace runs: on the client's host, or on the server's. On loopback the client's place sees both ends. */
export type Vantage = 'client' | 'server'

/**
 * One thing that goes wrong between real programs, and what socktrace must say of it. In every text, `$A` is the
 * server's address, `$C` the client's, `$P` the port (one for each scenario), `$CNS $SNS $RNS` the namespaces,
 * `$SPID` the server program, `$RAW` the command that sends raw packets, `$N` the number in the addresses.
 */
export interface Scenario {
  readonly name: string
  readonly topology: Topology
  readonly family: Family
  /** The first Linux that has what it takes, `[6, 7]` for 6.7; left out where every one has. */
  readonly since?: readonly [major: number, minor: number]
  /** Shell lines, run in each place before anything else. */
  readonly setup?: Readonly<Partial<Record<Place, readonly string[]>>>
  /** Operations of `victim.py`; they have begun (`listen` is said) before anybody connects. */
  readonly server?: readonly string[]
  /** A client that is done before socktrace starts: fills a queue, leaves old state. */
  readonly before?: readonly string[]
  /** Arguments of `raw.py` in a place, which says `ready` before the client starts. */
  readonly forger?: { readonly at: Place; readonly args: string }
  readonly client: readonly string[]
  /** errno name that the client printed last; `null` when every call of it went well. */
  readonly errno: string | null
  /** Seconds to wait for a verdict after the client is done. */
  readonly patience?: number
  /** Connections from this address are the scenario's means: what is said of them does not matter. */
  readonly extras?: string
  readonly seen: Readonly<Partial<Record<Vantage, Sight>>>
}

/** What socktrace says at one place. */
export interface Sight {
  /**
   * The verdict. Several where two are true: with two namespaces on one machine the kernel may tell at the client
   * what it could not know of a server elsewhere. `none`: no failure is to be seen from there.
   */
  readonly verdict: readonly VerdictName[] | 'none'
  /** What the verdict's `error` may be; left out, the client's errno alone. */
  readonly error?: readonly (string | null)[]
  readonly final?: boolean
  readonly confidence?: Confidence
  /** What a plane must show, all planes watched. */
  readonly evidence?: Readonly<Partial<Record<PlaneName, RegExp>>>
  readonly summary?: RegExp
  readonly advice?: RegExp
  /** The place whose one drop or reject rule the advice must name: table, chain and handle. */
  readonly rule?: Place
  /** The plane without which the verdict cannot be had. */
  readonly restsOn: PlaneName
  /** Less specific verdicts that are true without a plane, where `LESS_SPECIFIC` is not all there is to say. */
  readonly without?: Readonly<Partial<Record<PlaneName | 'file', readonly (VerdictName | 'none')[]>>>
  /** `server.name`. */
  readonly serverName?: string
}

/** What is still true of a connection when the plane that told the cause was not watched. */
export const LESS_SPECIFIC: Readonly<Partial<Record<VerdictName, readonly VerdictName[]>>> = {
  'refused.no-listener': ['refused.reset'],
  'refused.wrong-address': ['refused.reset'],
  'refused.wrong-family': ['refused.reset'],
  'refused.wrong-netns': ['refused.no-listener', 'refused.reset'],
  'refused.firewall-reject': ['refused.reset'],
  'timeout.dropped-out': ['timeout.no-answer'],
  'timeout.dropped-in': ['timeout.no-answer'],
  'timeout.accept-queue': ['timeout.no-answer'],
  'timeout.syn-queue': ['timeout.no-answer'],
  'timeout.handshake-stuck': ['timeout.no-answer'],
  'timeout.stale-state': ['timeout.no-answer'],
  'unreachable.neighbor': ['unreachable.host'],
  // On a file nobody is us.
  'reset.by-us': ['reset.by-peer'],
  'reset.aborted': ['reset.by-peer', 'reset.by-us'],
  'reset.unread-data': ['reset.by-peer', 'reset.by-us'],
  'reset.backlog-abort': ['reset.by-peer', 'reset.by-us'],
  'reset.injected': ['reset.by-peer'],
  'stalled.pmtu': ['stalled.retransmitting'],
  'stalled.accept-queue': ['stalled.retransmitting'],
  'stalled.no-server-socket': ['stalled.retransmitting'],
}

/** The same over both families. */
export function overBoth(make: (family: Family) => Scenario): Scenario[] {
  return ([4, 6] as const).map((family) => {
    const scenario = make(family)
    return { ...scenario, name: `${scenario.name}, IPv${family}` }
  })
}

/** A shell line that makes one nftables chain with one rule. */
export function filter(hook: 'input' | 'output' | 'forward', rule: string): string {
  return `nft 'table inet lab { chain ${hook} { type filter hook ${hook} priority 0; ${rule}; }; }'`
}
