import type { Side } from '../flow/event.ts'
import type { Evidence, WireReset } from './evidence.ts'
import { kernelOf, otherSide, socketsOf, tellsResets, wasEstablished, watches, wireOf } from './facts.ts'
import { isResetLost } from './losses.ts'
import { FORGOTTEN_SECONDS, IDLE_SECONDS } from './thresholds.ts'
import { duration } from './words.ts'

/** An established connection that was reset: by whom, and the RST itself where the wire was watched. */
export interface Broken {
  readonly by: Side
  readonly reset?: WireReset | undefined
}

/** States in which a reset takes nothing away that its receiver would notice: both ends had closed. */
const OVER: ReadonlySet<string> = new Set(['CLOSED', 'CLOSING', 'LAST_ACK', 'TIME_WAIT'])

/** Who reset the connection; `undefined` also when whom it was reset for had closed it and was told of nothing. */
export function brokenBy(evidence: Evidence): Broken | undefined {
  const broken = cutBy(evidence)
  return broken !== undefined && isNoLoss(evidence, otherSide(broken.by)) ? undefined : broken
}

function cutBy(evidence: Evidence): Broken | undefined {
  if (evidence.proto !== 'tcp' || !wasEstablished(evidence)) return undefined
  const reset = wireOf(evidence)?.reset
  if (reset !== undefined && reset.after !== 'syn' && reset.after !== 'syn_ack') {
    const taken = reset.effect === 'effective' && !OVER.has(reset.receiverState)
    const isLoss = !isResetLost(evidence, reset.by) || gaveUp(evidence, reset.by)
    if ((taken && isLoss) || wasReported(evidence, otherSide(reset.by))) return { by: reset.by, reset }
  }
  const kernel = kernelOf(evidence)
  for (const side of ['client', 'server'] as const)
    if (wasReported(evidence, side)) return { by: otherSide(side) }
  // An abort that its own kernel told: the peer is elsewhere, or has not noticed yet.
  const sent = kernel?.resetSent
  if (!sent?.active || (isResetLost(evidence, sent.side) && !gaveUp(evidence, sent.side))) return undefined
  return { by: sent.side }
}

/** Its own program was told that the connection is over, whether the RST behind it arrives or not. */
function gaveUp(evidence: Evidence, side: Side): boolean {
  return kernelOf(evidence)?.error?.side === side
}

/**
 * That end had called close(), and its kernel reported no error: no program is left that could miss anything, as when
 * a server resets what its clients closed long before. After shutdown() the kernel does report it.
 */
function isNoLoss(evidence: Evidence, victim: Side): boolean {
  const kernel = kernelOf(evidence)
  if (!evidence.here[victim] || !watches(evidence, 'error') || kernel?.error !== undefined) return false
  const wire = wireOf(evidence)
  return wire === undefined ? CLOSED.has(kernel?.states[victim] ?? '') : wire.fin[victim] !== undefined
}

const CLOSED: ReadonlySet<string> = new Set(['CLOSE', 'FIN_WAIT1', 'FIN_WAIT2'])

/** The socket is of this machine and was told about or found, every reset that sockets send is told, and none was. */
export function neverSent(evidence: Evidence, side: Side): boolean {
  const kernel = kernelOf(evidence)
  if (kernel?.resetSent?.side === side || !tellsResets(evidence, side)) return false
  const isKnown = kernel?.states[side] !== undefined || socketsOf(evidence)?.[side] !== undefined
  return evidence.here[side] && isKnown
}

function wasReported(evidence: Evidence, side: Side): boolean {
  const error = kernelOf(evidence)?.error
  return error?.side === side && (error.name === 'ECONNRESET' || error.name === 'EPIPE')
}

/** What the reset end's kernel gave as the reason; `undefined` where it was not told, or says nothing. */
export function resetReason(evidence: Evidence, { by }: Broken): string | undefined {
  const sent = kernelOf(evidence)?.resetSent
  if (sent?.side !== by || sent.reason === null || sent.reason === 'NOT_SPECIFIED') return undefined
  return sent.reason
}

/** Kernels that give no reason still count: their counters may be asked. */
export function countersDecide(evidence: Evidence, broken: Broken): boolean {
  if (!evidence.here[broken.by] || kernelOf(evidence) === undefined) return false
  if (resetReason(evidence, broken) !== undefined) return false
  if (kernelOf(evidence)?.aborts?.[broken.by] === undefined) return false
  const told = kernelOf(evidence)?.resetSent
  if (told !== undefined) return told.active
  // Data that comes after close() counts as an abort too.
  const hadClosed = wireOf(evidence)?.fin[broken.by] !== undefined
  return !tellsResets(evidence, broken.by) && broken.reset !== undefined && !hadClosed
}

/** What the end that was reset gets: EPIPE after the peer's FIN (tcp_reset, net/ipv4/tcp_input.c). */
export function brokenError(evidence: Evidence, { by, reset }: Broken): string | undefined {
  const error = kernelOf(evidence)?.error
  const victim = otherSide(by)
  if (error?.side === victim || (error?.side === by && evidence.here[by])) return error.name
  return reset?.receiverState === 'CLOSE_WAIT' ? 'EPIPE' : 'ECONNRESET'
}

/** `, after 350 s of silence`: middleboxes forget connections that are silent. */
export function afterSilence(evidence: Evidence): string {
  const ms = wireOf(evidence)?.idleBeforeMs ?? 0
  return ms >= IDLE_SECONDS * 1000 ? `, after ${duration(ms)} of silence` : ''
}

export function silenceAdvice(evidence: Evidence): readonly string[] {
  const ms = wireOf(evidence)?.idleBeforeMs ?? 0
  if (ms < FORGOTTEN_SECONDS * 1000) return []
  const seconds = Math.floor(ms / 2000)
  return [
    `if a NAT, load balancer or firewall stands between, keep it alive: SO_KEEPALIVE in the program and sysctl -w net.ipv4.tcp_keepalive_time=${seconds}`,
  ]
}
