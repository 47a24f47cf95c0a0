import type { Endpoint, HandshakeOptions } from '../flow/event.ts'
import type { Rtt } from '../flow/record.ts'
import { roundMs } from '../flow/time.ts'
import type { ProcessRef } from '../process-ref.ts'
import { jsonLine } from './json-text.ts'
import { endpointText, processText } from './line.ts'
import { sanitize } from './sanitize.ts'
import type { Style } from './style.ts'
import { count, formatBytes, formatMs } from './units.ts'

/** `interrupted`: the user stopped it while it waited; nothing is known of what would have come. */
export type AttemptOutcome =
  | 'established'
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'reset'
  | 'failed'
  | 'interrupted'

/** One connect() that `socktrace connect` made, and what became of the connection in the moment after. */
export interface Attempt {
  readonly type: 'attempt'
  readonly time: string
  readonly ts: number
  /** Counts from 1 over the whole run. */
  readonly n: number
  readonly server: Endpoint
  /** Absent when the kernel chose no port. */
  readonly client?: Endpoint
  readonly outcome: AttemptOutcome
  /** errno name; never of one that was interrupted. */
  readonly error?: string
  /** The call that failed, when it was not connect() itself. */
  readonly call?: 'socket' | 'bind' | 'setsockopt'
  /** From connect() to its result, as this program had it. */
  readonly connect_ms: number
  /** The result is the end of --timeout, not the kernel's. */
  readonly gave_up?: true
  /** From connect()'s result to a reset, or to the peer's FIN, while the connection was kept. */
  readonly reset_after_ms?: number
  readonly closed_after_ms?: number
  /** What the server sent unasked, bytes. */
  readonly received?: number
  /** What the packets showed; absent without a capture. */
  readonly flow?: number
  readonly syn_count?: number
  /** SYN to SYN+ACK. */
  readonly rtt_ms?: number
  readonly client_options?: HandshakeOptions
  readonly server_options?: HandshakeOptions
  /** The listener, when it is on this machine. */
  readonly process?: { readonly server: ProcessRef }
}

/** All attempts of one run together. */
export interface Series {
  readonly type: 'series'
  readonly attempts: number
  readonly established: number
  readonly failed: number
  /** Neither: the user stopped it while it waited. */
  readonly interrupted?: number
  /** Of those that were established. */
  readonly connect_ms?: Rtt
  /** How many failed with which error. */
  readonly errors: Readonly<Record<string, number>>
}

export function attemptJson(attempt: Attempt): string {
  return jsonLine(attempt)
}

/** Counts the attempts of a run as they come; none is kept. */
export class SeriesCount {
  attempts = 0
  #failed = 0
  #interrupted = 0
  readonly #errors = new Map<string, number>()
  // Of those that were established, milliseconds; mean and squared deviations as Welford's method adds them up.
  #samples = 0
  #min = Number.POSITIVE_INFINITY
  #max = 0
  #mean = 0
  #squares = 0

  add({ outcome, error, connect_ms }: Attempt): void {
    this.attempts += 1
    if (error !== undefined) this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1)
    if (outcome === 'interrupted') this.#interrupted += 1
    else if (outcome !== 'established') this.#failed += 1
    else {
      this.#samples += 1
      this.#min = Math.min(this.#min, connect_ms)
      this.#max = Math.max(this.#max, connect_ms)
      const deviation = connect_ms - this.#mean
      this.#mean += deviation / this.#samples
      this.#squares += deviation * (connect_ms - this.#mean)
    }
  }

  series(): Series {
    const samples = this.#samples
    return {
      type: 'series',
      attempts: this.attempts,
      established: samples,
      failed: this.#failed,
      ...(this.#interrupted > 0 && { interrupted: this.#interrupted }),
      ...(samples > 0 && {
        connect_ms: {
          min: this.#min,
          avg: roundMs(this.#mean),
          max: this.#max,
          stddev: roundMs(Math.sqrt(this.#squares / samples)),
          samples,
        },
      }),
      errors: Object.fromEntries(this.#errors),
    }
  }
}

/** `5 attempts: 4 established, 1 failed (ECONNREFUSED)`, and the times as ping has them. */
export function seriesText(series: Series): string {
  const { attempts, established, failed, interrupted = 0, connect_ms, errors } = series
  const names = Object.entries(errors).map(([name, times]) => (times === 1 ? name : `${times} × ${name}`))
  const why = names.length === 0 ? '' : ` (${names.join(', ')})`
  const stopped = interrupted === 0 ? '' : `, ${interrupted} stopped`
  const line = `${count(attempts, 'attempt')}: ${established} established, ${failed} failed${why}${stopped}`
  if (connect_ms === undefined) return line
  const { min, avg, max, stddev } = connect_ms
  return `${line}\nconnect() min/avg/max/stddev ${[min, avg, max, stddev].map(formatMs).join(' / ')}`
}

/** The outcome in one line: `✓ established  127.0.0.1:80 in 0.081 ms from 127.0.0.1:40312`. */
export function attemptLine(attempt: Attempt, style: Style): string {
  const { outcome, server, client, connect_ms, error, call, gave_up, reset_after_ms } = attempt
  const isGood = outcome === 'established'
  const isStopped = outcome === 'interrupted'
  const mark = isStopped
    ? style.dim('· stopped')
    : isGood
      ? style.good(`✓ ${outcome}`)
      : style.bad(`✗ ${outcome}`)
  const name = server.name === undefined ? '' : ` (${sanitize(server.name)})`
  const { addr, port } = server
  const from = client === undefined ? '' : ` from ${endpointText(client)}`
  const line = `${mark}  ${endpointText({ addr, port })}${name}${from}`
  const when = formatMs(connect_ms)
  if (isStopped) return `${line}  no answer in ${when} until then`
  if (gave_up) return `${line}  no answer within ${when} ${style.dim('(--timeout)')}`
  if (reset_after_ms !== undefined)
    return `${line}  connect() returned after ${when}, reset (${error}) ${formatMs(reset_after_ms)} later`
  if (isGood) return `${line}  in ${when}`
  // A SYN that is answered by a reset gives ECONNREFUSED: this one was answered by a SYN+ACK.
  if (outcome === 'reset') return `${line}  established, and reset (${error}) within ${when}`
  return `${line}  ${call ?? 'connect'}() fails with ${style.bad(error ?? '?')} after ${when}`
}

/** What else is known, a line each. */
export function attemptDetails(attempt: Attempt): string[] {
  const {
    client_options,
    server_options,
    rtt_ms,
    process,
    received,
    closed_after_ms,
    syn_count = 0,
  } = attempt
  const lines: string[] = []
  if (attempt.call !== undefined && attempt.error !== undefined)
    lines.push(...callHint(attempt.call, attempt.error))
  if (process !== undefined) lines.push(`listener  ${processText(process.server)}`)
  if (rtt_ms !== undefined) lines.push(`rtt       ${formatMs(rtt_ms)} from SYN to SYN+ACK`)
  if (syn_count > 1) lines.push(`SYNs      ${syn_count} were sent`)
  if (client_options !== undefined) lines.push(`offered   ${optionsText(client_options)}`)
  if (server_options !== undefined) lines.push(`answered  ${optionsText(server_options)}`)
  if (client_options !== undefined && server_options !== undefined)
    lines.push(`in force  ${agreed(client_options, server_options)}`)
  if (received !== undefined && received > 0) lines.push(`received  ${formatBytes(received)} unasked`)
  if (closed_after_ms !== undefined)
    lines.push(`closed    by the server ${formatMs(closed_after_ms)} after connect() returned`)
  return lines
}

/** Why a call before connect() failed: the options were wrong. */
function callHint(call: NonNullable<Attempt['call']>, error: string): string[] {
  if (call === 'bind' && error === 'EADDRNOTAVAIL')
    return ['the address of --source is none of this machine (`ip address` lists them)']
  if (call === 'bind') return ['the address of --source cannot be used for this destination']
  if (call === 'setsockopt' && error === 'ENODEV')
    return ['there is no interface with the name of --interface (`socktrace devices` lists them)']
  if (call === 'setsockopt') return ['--interface needs Linux 5.7, or CAP_NET_RAW before']
  return []
}

function optionsText(options: HandshakeOptions): string {
  const { mss, window_scale, sack_permitted, timestamps, fast_open, mptcp, ecn } = options
  const parts: string[] = []
  if (mss !== undefined) parts.push(`MSS ${mss}`)
  if (window_scale !== undefined) parts.push(`window scale ${window_scale}`)
  if (sack_permitted) parts.push('SACK')
  if (timestamps) parts.push('timestamps')
  if (ecn) parts.push('ECN')
  if (fast_open !== undefined) parts.push(`Fast Open ${fast_open}`)
  if (mptcp !== undefined) parts.push(`MPTCP ${mptcp}`)
  return parts.length === 0 ? 'no options' : parts.join(', ')
}

/** What both have counts (RFC 7323, RFC 2018); each side keeps to the other's MSS. */
function agreed(client: HandshakeOptions, server: HandshakeOptions): string {
  const both: HandshakeOptions = {
    ...(client.sack_permitted && server.sack_permitted && { sack_permitted: true }),
    ...(client.timestamps && server.timestamps && { timestamps: true }),
    ...(client.ecn && server.ecn && { ecn: true }),
  }
  const scaled = client.window_scale !== undefined && server.window_scale !== undefined
  const parts = [scaled ? 'window scaling' : 'no window scaling']
  if (Object.keys(both).length > 0) parts.push(optionsText(both))
  return parts.join(', ')
}
