import type { SocketRecord } from '../sockets/socket.ts'
import type { ListenerEvidence, RouteEvidence, SocketEvidence } from '../sockets/socket-evidence.ts'
import type { Evidence } from './evidence.ts'
import { PORTS_SHARE } from './thresholds.ts'
import { duration, hostPort, isIpv4, listensAt, netnsText, processName, times } from './words.ts'

/** What the socket tables and settings showed. */
export function socketFacts(found: SocketEvidence, evidence: Evidence): readonly string[] {
  const facts: string[] = []
  if (evidence.here.server) facts.push(...listenerFacts(found, evidence))
  for (const side of ['client', 'server'] as const) {
    const socket = found[side]
    if (socket !== undefined) facts.push(`${side}'s socket ${socketText(socket)}`)
  }
  const { lastListener: last, route, returnRoute, ports, conntrack } = found
  if (last !== undefined && evidence.process.watched)
    facts.push(`${processName(last.process)} closed this port ${duration(last.closedMsAgo)} ago`)
  if (route !== undefined && isTelling(route)) facts.push(routeText(route, evidence.server.addr))
  if (returnRoute !== undefined && isTelling(returnRoute))
    facts.push(`way back: ${routeText(returnRoute, evidence.client.addr)}`)
  for (const { hook, family, table, chain, handle, text } of found.firewall)
    facts.push(`rule in ${hook}: ${family} ${table} ${chain} handle ${handle}: ${text}`)
  for (const side of ['client', 'server'] as const) {
    const table = conntrack?.[side]
    if (table !== undefined && table.count >= table.max)
      facts.push(`connection tracking of the ${side}'s host is full: ${table.count} of ${table.max}`)
  }
  if (ports !== undefined && ports.used >= PORTS_SHARE * ports.available)
    facts.push(
      `${ports.used} of ${ports.available} local ports in use, ${ports.timeWait} of them in TIME_WAIT`,
    )
  return facts
}

function listenerFacts({ listeners }: SocketEvidence, { server, proto }: Evidence): readonly string[] {
  const own = listeners.filter(({ sameNetns }) => sameNetns)
  const word = proto === 'tcp' ? 'LISTEN' : 'bound'
  const facts = own.map(
    (listener) =>
      `${word} ${listensAt(listener)}${listener.younger ? ', which came since' : queueText(listener)}`,
  )
  if (own.some(({ accepts }) => accepts)) return facts
  const wildcard = isIpv4(server.addr) ? '0.0.0.0 or [::]' : '[::]'
  facts.push(`nothing on ${hostPort(server.addr, server.port)}, ${wildcard}`)
  // Those of other namespaces are no news where one is here.
  if (own.length > 0) return facts
  for (const other of listeners)
    if (!other.sameNetns) facts.push(`${word} ${listensAt(other)} in ${netnsText(other)}`)
  return facts
}

function queueText({ socket: { listen } }: ListenerEvidence): string {
  if (listen === undefined) return ''
  const syns = listen.syn_queue === undefined ? '' : `, SYN queue ${listen.syn_queue}`
  return `, accept queue ${listen.accept_queue} of ${listen.backlog}${syns}`
}

function socketText({ state, recv_q, send_q, timer }: SocketRecord): string {
  const unread = recv_q > 0 ? `, ${times(recv_q, 'byte')} unread` : ''
  // A SYN counts as one byte there.
  const unsent = send_q > 0 && state !== 'SYN_SENT' ? `, ${times(send_q, 'byte')} not acknowledged` : ''
  const again =
    timer !== undefined && timer.retrans > 0
      ? `, timer ${timer.name} ran out ${timer.retrans === 1 ? 'once' : times(timer.retrans, 'time')}`
      : ''
  return `${state}${unread}${unsent}${again}`
}

/** Routes that work, with a next hop that answers, are no news. */
function isTelling({ kind, error, neighbor }: RouteEvidence): boolean {
  const works = (kind === 'unicast' || kind === 'local') && error === undefined
  return !works || neighbor === 'FAILED' || neighbor === 'INCOMPLETE'
}

function routeText({ kind, error, neighbor, neighborAddress, iface }: RouteEvidence, to: string): string {
  if (kind === 'none') return `no route to ${to}`
  if (kind !== 'unicast' && kind !== 'local') return `route to ${to} is ${kind}`
  if (neighbor !== undefined)
    return `neighbour ${neighborAddress ?? to}${iface === undefined ? '' : ` on ${iface}`} is ${neighbor}`
  return `no route to ${to} (${error})`
}
