import type { ListenerEvidence } from '../../sockets/socket-evidence.ts'
import type { Evidence } from '../evidence.ts'
import { acceptingListener, listenersThen, watches } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { hadNoSocket, refusalOf } from '../refusal.ts'
import type { Confidence } from '../verdict.ts'
import { hostPort, isIpv4, listenerName, listensAt } from '../words.ts'

/** `refused.wrong-address`: somebody listens on the port, in the same IP family, but not on the dialled address. */
export const refusedWrongAddress: Rule = (evidence) => {
  const listener = deaf(evidence).find((candidate) => sameFamily(candidate, evidence))
  if (listener === undefined) return undefined
  const { addr, port } = evidence.server
  const only = listener.socket.iface === undefined ? '' : `, and only for device ${listener.socket.iface}`
  return finding(
    'refused.wrong-address',
    sureness(evidence),
    `${listenerName(evidence, listener)} ${verb(evidence)} port ${port}, but only on ${place(listener)}${only}; this connection went to ${addr}`,
    {
      error: 'ECONNREFUSED',
      advice:
        listener.socket.iface === undefined
          ? [
              `connect to ${hostPort(place(listener), port)}, or let it listen on ${wildcard(addr)} or ${addr}`,
            ]
          : [`let it listen without SO_BINDTODEVICE (now ${listener.socket.iface}), or on another device`],
    },
  )
}

/** `refused.wrong-family`: everybody who listens on the port does so in the other IP family. */
export const refusedWrongFamily: Rule = (evidence) => {
  const candidates = deaf(evidence)
  const [listener] = candidates
  if (listener === undefined || candidates.some((candidate) => sameFamily(candidate, evidence)))
    return undefined
  const { addr, port } = evidence.server
  const [own, dialled] = isIpv4(addr) ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6']
  const advice = [`connect by ${own}, or let it listen on ${wildcard(addr)} too`]
  if (isIpv4(addr) && place(listener) === '::')
    advice.push(
      'its socket is IPV6_V6ONLY: turn that off in the program, or sysctl -w net.ipv6.bindv6only=0 and restart it',
    )
  return finding(
    'refused.wrong-family',
    sureness(evidence),
    `${listenerName(evidence, listener)} ${verb(evidence)} port ${port}, but only by ${own} (${listensAt(listener)}); this connection came by ${dialled} to ${addr}`,
    { error: 'ECONNREFUSED', advice },
  )
}

/** Listeners on the port in the server's own namespace, none of which takes what was dialled. */
function deaf(evidence: Evidence): readonly ListenerEvidence[] {
  if (refusalOf(evidence) === undefined || !evidence.here.server || acceptingListener(evidence) !== undefined)
    return []
  return listenersThen(evidence).filter(({ sameNetns }) => sameNetns)
}

function sameFamily({ socket: { local } }: ListenerEvidence, { server }: Evidence): boolean {
  return isIpv4(local.addr ?? '') === isIpv4(server.addr)
}

/**
 * The table is read after the refusal: the kernel's own word makes it certain. Where it does not tell who begins to
 * listen, the listener may have come since.
 */
function sureness(evidence: Evidence): Confidence {
  const isOld = watches(evidence, 'state')
  if (hadNoSocket(evidence)) return isOld ? 'certain' : 'likely'
  return isOld ? 'likely' : 'possible'
}

function place({ socket: { local } }: ListenerEvidence): string {
  return local.addr ?? ''
}

function wildcard(addr: string): string {
  return isIpv4(addr) ? '0.0.0.0' : '[::]'
}

function verb({ proto }: Evidence): string {
  return proto === 'tcp' ? 'listens on' : 'is bound to'
}
