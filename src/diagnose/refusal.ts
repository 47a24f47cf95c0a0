import type { Evidence } from './evidence.ts'
import { clientError, counter, drops, kernelOf, wasEstablished, watches, wireOf } from './facts.ts'
import { isResetLost } from './losses.ts'

/** How an attempt was refused: by RST, by an ICMP port unreachable, or one of them (the wire was not watched). */
export type Refusal = 'rst' | 'icmp' | 'either'

export function refusalOf(evidence: Evidence): Refusal | undefined {
  if (wasEstablished(evidence)) return undefined
  const wire = wireOf(evidence)
  const { reset, icmp } = wire ?? {}
  const error = clientError(evidence)
  if (reset?.by === 'server' && reset.after === 'syn' && reset.effect === 'effective')
    return error !== 'ECONNREFUSED' && isResetLost(evidence, 'server') ? undefined : 'rst'
  const unreachable = icmp?.error === 'ECONNREFUSED' && icmp.quoted === 'client'
  if (unreachable && (icmp.effective || error === 'ECONNREFUSED' || evidence.proto === 'udp')) return 'icmp'
  if (error === 'ECONNREFUSED') {
    if (evidence.proto === 'udp') return 'icmp'
    const kernel = kernelOf(evidence)
    if (kernel?.resetReceived?.side === 'client' || hadNoSocket(evidence)) return 'rst'
    // A reset that connect() takes is told, so what it failed with came by ICMP.
    const isReported = kernel?.error?.name === 'ECONNREFUSED' && watches(evidence, 'reset')
    return isReported && mayHaveIcmp(evidence) ? 'icmp' : 'either'
  }
  // The client is elsewhere: its SYN found no socket, and the kernel answered.
  const synFoundNothing = drops(evidence).some(
    ({ sender, segment, reason }) => sender === 'client' && segment === 'syn' && reason === 'NO_SOCKET',
  )
  if (!synFoundNothing || kernelOf(evidence)?.resetSent?.side !== 'server') return undefined
  return isResetLost(evidence, 'server') ? undefined : 'rst'
}

/** ICMP errors came to the client's namespace, or it does not say how many. */
function mayHaveIcmp(evidence: Evidence): boolean {
  if (kernelOf(evidence)?.counters.client === undefined) return true
  return (
    counter(evidence, 'client', 'InDestUnreachs') + counter(evidence, 'client', 'Icmp6InDestUnreachs') > 0
  )
}

/** The server's kernel said that it found no socket for the packet: no filter refused it. */
export function hadNoSocket(evidence: Evidence): boolean {
  const sent = kernelOf(evidence)?.resetSent
  if (sent?.side === 'server' && (sent.reason === 'NO_SOCKET' || (sent.state === null && !sent.active)))
    return true
  return drops(evidence).some(
    ({ sender, segment, reason }) =>
      sender === 'client' && (segment === 'syn' || segment === 'datagram') && reason === 'NO_SOCKET',
  )
}
