import { endpoint, role } from '../flow/annotation.ts'
import type { DropEvent, MismatchEvent, Side } from '../flow/event.ts'
import type { FlowView } from '../flow/flow-view.ts'
import type { Nanos } from '../flow/time.ts'
import type { DropFact } from '../kernel/fact.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import type { Evidence, KernelEvidence } from './evidence.ts'
import type { KernelTrace } from './kernel-evidence.ts'

/**
 * A segment that found no socket is not lost: the kernel frees it once it has answered with an RST (RFC 9293 section
 * 3.10.7.1), which is told by itself. An ACK that fails as a SYN cookie is dropped with the same reason elsewhere, and
 * is not answered. Where the function's name cannot be read (`kptr_restrict`) the kernel's word on the RST tells.
 */
export function isAnswered({ proto, icmp, reason, location, dst }: DropFact, trace: KernelTrace): boolean {
  if (proto !== 'tcp' || icmp || reason !== 'NO_SOCKET') return false
  if (location !== null) return location === 'tcp_v4_rcv' || location === 'tcp_v6_rcv'
  return trace.ends[trace.indexOf(dst)]!.resetSent?.fact.state === null
}

/** A packet of the flow (borrowed) that this machine dropped. */
export function dropEvent(flow: FlowView, at: Nanos, fact: DropFact): DropEvent {
  const { src, dst, proto, reason, location, iface } = fact
  const lower = endpoint(flow, 0)
  const direction = lower.addr === src.addr && lower.port === src.port ? 0 : 1
  const what = fact.icmp
    ? 'ICMP error about it'
    : proto === 'udp'
      ? 'datagram'
      : `segment [${flagsText(fact.flags)}]`
  return {
    type: 'event',
    event: 'drop',
    at,
    flow: flow.serial,
    proto,
    sender: role(flow.side(direction)),
    src,
    dst,
    ...(!fact.icmp && proto === 'tcp' && { flags: flagsText(fact.flags) }),
    reason,
    location,
    ...(iface !== undefined && { iface }),
    text: `this host dropped the ${what}: ${reason}${location === null ? '' : ` in ${location}`}`,
  }
}

/**
 * What the kernel's sockets and the packets say differently, with its meaning; `undefined` where they agree. `flow` is
 * the flow's serial, negative without one.
 */
export function mismatchEvent(
  { wire, kernel, socket, here, ...of }: Evidence,
  flow: number,
): MismatchEvent | undefined {
  if (!wire.watched || !kernel.watched || of.proto !== 'tcp') return undefined
  const made = (sender: Side, text: string): MismatchEvent => ({
    type: 'event',
    event: 'mismatch',
    at: of.now,
    ...(flow >= 0 && { flow }),
    proto: 'tcp',
    sender,
    src: sender === 'client' ? of.client : of.server,
    dst: sender === 'client' ? of.server : of.client,
    wire_state: wire.states,
    kernel_state: kernel.states,
    text,
  })
  if (kernel.states.client === 'SYN_SENT' && wire.last === undefined && wire.lost === undefined)
    return made(
      'client',
      `the client's socket is SYN_SENT, but no SYN of it is on the wire${whyUnsent(kernel)}`,
    )
  for (const side of ['client', 'server'] as const) {
    const told = kernel.states[side]
    const seen = wire.states[side]
    const peer = side === 'client' ? 'server' : 'client'
    if (told === 'ESTABLISHED' && seen === 'CLOSED' && wire.reset?.by === peer)
      return made(side, `the ${side} took no notice of the RST: its socket is still ESTABLISHED`)
    if (
      told === 'CLOSE' &&
      seen === 'ESTABLISHED' &&
      wire.reset === undefined &&
      wire.fin[side] === undefined
    )
      return made(
        side,
        `the ${side}'s socket is gone without FIN or RST: the ${peer} still thinks that it is connected`,
      )
  }
  if (
    here.server &&
    socket.watched &&
    wire.established !== undefined &&
    wire.states.server === 'ESTABLISHED' &&
    socket.server === undefined &&
    kernel.states.server === undefined
  )
    return made('server', 'the client thinks that it is connected, but the server has no socket for it')
  return undefined
}

function whyUnsent({ drops, retransmitError }: KernelEvidence): string {
  const dropped = drops.find(({ sender, segment }) => sender === 'client' && segment === 'syn')
  if (dropped !== undefined) return `: this host dropped it (${dropped.reason})`
  // A copy is not sent while the first still waits, for the neighbour's address mostly.
  if (retransmitError === 'EBUSY') return ': it still waits in this host'
  return retransmitError === undefined ? '' : `: sending it fails with ${retransmitError}`
}
