import type { Side } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import { NANOS_PER_SECOND } from '../flow/time.ts'
import type { ListenerEvidence, SocketEvidence } from '../sockets/socket-evidence.ts'
import type { Evidence, KernelDrop, KernelEvidence, KernelKind, WireEvidence } from './evidence.ts'
import type { Confidence } from './verdict.ts'

/** What the planes say, `undefined` where one was not watched. Rules ask here, so that none forgets to ask. */
export function wireOf({ wire }: Evidence): WireEvidence | undefined {
  return wire.watched ? wire : undefined
}

export function socketsOf({ socket }: Evidence): SocketEvidence | undefined {
  return socket.watched ? socket : undefined
}

export function kernelOf({ kernel }: Evidence): KernelEvidence | undefined {
  return kernel.watched ? kernel : undefined
}

export function otherSide(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}

/** Whether the absence of such a fact proves that nothing of the kind happened. */
export function watches(evidence: Evidence, kind: KernelKind): boolean {
  const kernel = kernelOf(evidence)
  return kernel !== undefined && !(kernel.unwatched ?? []).includes(kind)
}

/** Whether every reset that the host of an end sent is told: that none was told proves that it sent none. */
export function tellsResets(evidence: Evidence, side: Side): boolean {
  return watches(evidence, 'reset') && kernelOf(evidence)?.untold?.[side] !== true
}

/** The confidence of what rests on packets that were not seen: the capture lost some. */
export function fromAbsence(evidence: Evidence, confidence: Confidence): Confidence {
  return (wireOf(evidence)?.lost ?? 0) > 0 ? 'possible' : confidence
}

/** How far a counter moved in the namespace of one end; 0 also where it is not known. */
export function counter(evidence: Evidence, side: Side, name: string): number {
  return kernelOf(evidence)?.counters[side]?.[name] ?? 0
}

/** The queue for a neighbour's address was given up; neigh_invalidate() gives no reason (net/core/neighbour.c). */
export function isForNeighbor({ reason, location }: KernelDrop): boolean {
  return reason.startsWith('NEIGH_') || (reason === 'NOT_SPECIFIED' && /^neigh_/.test(location ?? ''))
}

export function drops(evidence: Evidence): readonly KernelDrop[] {
  return kernelOf(evidence)?.drops ?? []
}

/** The error of a connect() that failed at once, before anything was sent. */
export function immediateError(evidence: Evidence): string | undefined {
  const { result } = evidence
  const called = kernelOf(evidence)?.call?.error ?? (result?.immediate ? result.error : undefined)
  if (called !== undefined) return called
  const wire = wireOf(evidence)
  const nothingSent = wire !== undefined && wire.syns === 0 && wire.icmp === undefined
  return nothingSent && evidence.ended && reported(evidence) === undefined
    ? evidence.result?.error
    : undefined
}

/** The error that the client's application got, whichever way it is known. */
export function clientError(evidence: Evidence): string | undefined {
  return evidence.result?.error ?? kernelOf(evidence)?.call?.error ?? reported(evidence)
}

function reported(evidence: Evidence): string | undefined {
  const error = kernelOf(evidence)?.error
  return error?.side === 'client' ? error.name : undefined
}

export function secondsSince(evidence: Evidence, at: Nanos): number {
  return (evidence.now - at) / NANOS_PER_SECOND
}

/** The three-way handshake was complete, as any plane has it. */
export function wasEstablished(evidence: Evidence): boolean {
  const wire = wireOf(evidence)
  if (wire !== undefined && (wire.established !== undefined || wire.midstream)) return true
  const kernel = kernelOf(evidence)
  if (kernel === undefined) return false
  // Its own packets have the last word: a socket between the same ends can be another's.
  const { effect, receiverState } = wire?.reset ?? {}
  if (effect === 'effective' && receiverState === 'SYN_SENT') return false
  const { established, error, resetSent, states } = kernel
  if (established || error?.name === 'ECONNRESET' || error?.name === 'EPIPE') return true
  // Data and FIN are sent by who is connected (all but the data of TCP Fast Open, which is in a SYN).
  if (drops(evidence).some(({ segment }) => segment === 'data' || segment === 'fin')) return true
  const told = [states.client, states.server, resetSent?.active ? resetSent.state : undefined]
  return told.some((state) => typeof state === 'string' && SYNCHRONIZED.has(state))
}

/** States that only a connection which was established has (RFC 9293 section 3.3.2). */
export const SYNCHRONIZED: ReadonlySet<string> = new Set([
  'ESTABLISHED',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'CLOSE_WAIT',
  'CLOSING',
  'LAST_ACK',
  'TIME_WAIT',
])

/** The listener that took connections to the address and port that were dialled. */
export function acceptingListener(evidence: Evidence): ListenerEvidence | undefined {
  return listenersThen(evidence).find(({ sameNetns, accepts }) => sameNetns && accepts)
}

/** Those that were there when it was dialled, as far as is known. */
export function listenersThen(evidence: Evidence): readonly ListenerEvidence[] {
  return socketsOf(evidence)?.listeners.filter(({ younger }) => younger !== true) ?? []
}

/** More children wait than the backlog allows: the kernel tests `length > limit` (tcp_conn_request). */
export function isFull({ socket: { listen } }: ListenerEvidence): boolean {
  return listen !== undefined && listen.accept_queue > listen.backlog
}
