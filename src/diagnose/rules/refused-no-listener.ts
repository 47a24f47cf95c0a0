import type { ListenerEvidence } from '../../sockets/socket-evidence.ts'
import type { Evidence } from '../evidence.ts'
import { acceptingListener, listenersThen, socketsOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { hadNoSocket, refusalOf } from '../refusal.ts'
import { duration, endpoint, hostPort, listenerName, listensAt, netnsText, processName } from '../words.ts'

/**
 * `refused.wrong-netns`: this namespace has no listener, and exactly one other has one that would take the address.
 * Only a published or veth address of that namespace makes it more than possible: a program elsewhere may have
 * nothing to do with this.
 */
export const refusedWrongNetns: Rule = (evidence) => {
  if (refusalOf(evidence) === undefined || !evidence.here.server) return undefined
  const sockets = socketsOf(evidence)
  if (sockets === undefined || !sockets.everyNetns) return undefined
  const listeners = listenersThen(evidence)
  if (listeners.some(({ sameNetns }) => sameNetns)) return undefined
  const fitting = listeners.filter(({ accepts }) => accepts)
  const [other] = fitting
  if (other === undefined || new Set(fitting.map(({ netns }) => netns)).size !== 1) return undefined
  return finding(
    'refused.wrong-netns',
    other.reachable === true ? 'likely' : 'possible',
    `nothing listens on port ${evidence.server.port} in this network namespace, but ${listenerName(evidence, other)} does in ${netnsText(other)}`,
    { error: 'ECONNREFUSED', advice: netnsAdvice(evidence, other) },
  )
}

/** `refused.no-listener`: this host's table has nobody on that port. For UDP the ICMP port unreachable says it. */
export const refusedNoListener: Rule = (evidence) => {
  if (refusalOf(evidence) === undefined) return undefined
  const { proto, server, here } = evidence
  const sockets = here.server ? socketsOf(evidence) : undefined
  const accepting = sockets?.listeners.find(({ sameNetns, accepts }) => sameNetns && accepts)
  if (sockets === undefined)
    return proto === 'udp'
      ? finding(
          'refused.no-listener',
          'likely',
          `no program holds UDP port ${server.port} of ${server.addr}: the datagram was answered by ICMP port unreachable`,
          {
            error: 'ECONNREFUSED',
            advice: [`on ${server.addr}: socktrace list -u 'sport = :${server.port}'`],
          },
        )
      : undefined
  const there = listenersThen(evidence)
  if (acceptingListener(evidence) !== undefined && !hadNoSocket(evidence)) return undefined
  if (accepting === undefined && there.some(({ sameNetns }) => sameNetns)) return undefined
  const held = proto === 'tcp' ? 'nothing listens on' : 'no program holds UDP'
  const since = accepting === undefined ? '' : `; ${listenerName(evidence, accepting)} has come since`
  const nothing =
    accepting === undefined ? held : proto === 'tcp' ? 'nothing listened on' : 'no program held UDP'
  const others = there.filter(({ sameNetns }) => !sameNetns)
  return finding(
    'refused.no-listener',
    accepting === undefined && hadNoSocket(evidence) ? 'certain' : 'likely',
    `${nothing} port ${server.port} of ${server.addr}${lastHolder(evidence)}${since}${hint(evidence, others)}`,
    {
      error: 'ECONNREFUSED',
      advice:
        accepting === undefined
          ? [start(evidence), ...others.slice(0, 1).flatMap((other) => netnsAdvice(evidence, other))]
          : [`connect to ${endpoint(server)} again`],
    },
  )
}

function start({ proto, server: { port } }: Evidence): string {
  const [option, word] = proto === 'tcp' ? ['-l', 'listen'] : ['-u', 'hold the port']
  return `start the program that should ${word}, or dial the port it has: socktrace list ${option} 'sport = :${port}'`
}

function lastHolder(evidence: Evidence): string {
  const last = socketsOf(evidence)?.lastListener
  if (last === undefined) return ''
  const name = evidence.process.watched ? processName(last.process) : 'a program'
  return `; ${name} held it until ${duration(last.closedMsAgo)} before`
}

function hint(evidence: Evidence, others: readonly ListenerEvidence[]): string {
  const [other] = others
  if (other === undefined) return ''
  return `; ${listenerName(evidence, other)} listens on ${listensAt(other)} in ${netnsText(other)}`
}

function netnsAdvice(evidence: Evidence, { netnsName, socket }: ListenerEvidence): readonly string[] {
  const { addr, port } = evidence.server
  const pid = /^pid (\d+)$/.exec(netnsName ?? '')?.[1]
  if (pid !== undefined)
    return [
      `to reach it, connect inside its namespace: nsenter -t ${pid} -n socktrace connect ${hostPort(addr, port)}`,
    ]
  if (netnsName !== undefined)
    return [
      `to reach it, connect inside its namespace: ip netns exec ${netnsName} socktrace connect ${hostPort(addr, port)}`,
    ]
  return socket.processes
    .slice(0, 1)
    .map(
      (p) =>
        `to reach it, connect inside its namespace: nsenter -t ${p.pid} -n socktrace connect ${hostPort(addr, port)}`,
    )
}
