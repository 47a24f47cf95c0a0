import type { RouteEvidence } from '../../sockets/socket-evidence.ts'
import type { Evidence } from '../evidence.ts'
import {
  clientError,
  counter,
  drops,
  immediateError,
  kernelOf,
  socketsOf,
  wasEstablished,
  wireOf,
} from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import type { Conclusion, VerdictName } from '../verdict.ts'
import { isWaiting, unanswered } from '../waiting.ts'
import { isIpv4 } from '../words.ts'

/** What connect() fails with for each kind of route, IPv4 and IPv6 alike (fib_props, net/ipv4/fib_semantics.c). */
const BY_KIND: Readonly<Partial<Record<RouteEvidence['kind'], readonly [VerdictName, string]>>> = {
  none: ['unreachable.no-route', 'ENETUNREACH'],
  throw: ['unreachable.no-route', 'ENETUNREACH'],
  prohibit: ['unreachable.prohibited', 'EACCES'],
  blackhole: ['unreachable.blackhole', 'EINVAL'],
  unreachable: ['unreachable.host', 'EHOSTUNREACH'],
}

/** No address was chosen yet. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** `unreachable.no-route`, `.prohibited`, `.blackhole`, `.host`: the client's own routes; nothing was ever sent. */
export const unreachableByRoute: Rule = (evidence) => {
  if (!evidence.here.client || wasEstablished(evidence) || (wireOf(evidence)?.syns ?? 0) > 0) return undefined
  const route = socketsOf(evidence)?.route
  const error = immediateError(evidence)
  const [verdict, expected] = (route === undefined ? undefined : BY_KIND[route.kind]) ?? []
  if (verdict !== undefined) {
    // The route is read after the call: an error of another kind is not its doing.
    if (error === undefined ? clientError(evidence) !== undefined || !evidence.ended : error !== expected)
      return undefined
    return tell(evidence, verdict, expected!, error === undefined ? 'likely' : 'certain', route)
  }
  if (error === 'ENETUNREACH') return tell(evidence, 'unreachable.no-route', error, 'certain', route)
  // Only a route refuses with these two before anything is sent; a link-local address without a scope gives EINVAL too.
  if (error === 'EINVAL' && route === undefined && !/^fe[89ab]/i.test(evidence.server.addr))
    return tell(evidence, 'unreachable.blackhole', error, 'likely', route)
  if (error === 'EHOSTUNREACH' && route === undefined)
    return tell(evidence, 'unreachable.host', error, 'likely', route)
  return undefined
}

/** The kernel refuses TCP to these whatever the routes say (tcp_v4_connect). */
function isForMany(evidence: Evidence, route: RouteEvidence | undefined): boolean {
  const { addr } = evidence.server
  if (!isIpv4(addr)) return false
  const first = Number(addr.split('.', 1)[0])
  if ((first >= 224 && first < 240) || addr === '255.255.255.255') return true
  // A network's own broadcast address has a route, but none of a kind that leads to a host.
  return socketsOf(evidence) !== undefined && route === undefined
}

function tell(
  evidence: Evidence,
  verdict: VerdictName,
  error: string,
  confidence: 'certain' | 'likely',
  route: RouteEvidence | undefined,
): Conclusion {
  const { addr } = evidence.server
  const { addr: source } = evidence.client
  // A program that chose an address of its own is routed by that too (ip-rule, or nobody here has it).
  const from = WILDCARDS.has(source) ? '' : ` from ${source}`
  const ip = isIpv4(addr) ? 'ip' : 'ip -6'
  const whole = isIpv4(addr) ? `${addr}/32` : `${addr}/128`
  const look = `${ip} route get ${addr}${from}`
  switch (verdict) {
    case 'unreachable.no-route':
      if (isForMany(evidence, route))
        return finding(
          verdict,
          confidence,
          `${addr} is a broadcast or multicast address, which TCP has no way to`,
          {
            error,
            advice: ['connect to the address of one host', look],
          },
        )
      return finding(verdict, confidence, `this host has no route to ${addr}${from}, so nothing was sent`, {
        error,
        advice: [
          look,
          ...(from === '' ? [] : [`${ip} addr show: whether this host has ${source}`]),
          `${ip} route add default via GATEWAY, or ${ip} route add ${whole} via GATEWAY`,
        ],
      })
    default: {
      const kind = route?.kind ?? (verdict === 'unreachable.blackhole' ? 'blackhole' : 'unreachable')
      return finding(
        verdict,
        confidence,
        `a route of this host, of kind ${kind}, refuses everything to ${addr}, so nothing was sent`,
        {
          error,
          advice: [
            look,
            `${ip} route show table all type ${kind}, then ${ip} route del ${kind} PREFIX`,
            `where no route says it, a rule does: ${ip} rule show`,
          ],
        },
      )
    }
  }
}

/**
 * `unreachable.no-route` on the server's side: the SYN came, and the kernel has no way back for the SYN+ACK. It says so
 * only in its counters: a drop of the listener that is neither a full queue nor a filter.
 */
export const noRouteBack: Rule = (evidence) => {
  if (!evidence.here.server || !isWaiting(evidence) || !unanswered(evidence)) return undefined
  if (drops(evidence).some(({ reason }) => reason === 'IP_RPFILTER')) return undefined
  const back = socketsOf(evidence)?.returnRoute
  const gone = back !== undefined && back.kind !== 'unicast' && back.kind !== 'local'
  const counted =
    counter(evidence, 'server', 'ListenDrops') > 0 &&
    counter(evidence, 'server', 'OutNoRoutes') + counter(evidence, 'server', 'Ip6OutNoRoutes') > 0 &&
    counter(evidence, 'server', 'ListenOverflows') === 0 &&
    counter(evidence, 'server', 'TCPReqQFullDrop') === 0
  if (!counted && !(gone && !isFiltered(evidence))) return undefined
  const { addr } = evidence.client
  const ip = isIpv4(addr) ? 'ip' : 'ip -6'
  return finding(
    'unreachable.no-route',
    gone && counted ? 'certain' : 'likely',
    `the SYN reached the server's host, but that has no route back to ${addr}, so it cannot answer`,
    {
      error: 'ETIMEDOUT',
      advice: [`on the server's host: ${ip} route get ${addr}`, `${ip} route add ${addr} via GATEWAY`],
    },
  )
}

/** With a reverse path filter the same SYN is dropped before it is looked at, which only the kernel tells. */
function isFiltered(evidence: Evidence): boolean {
  if (kernelOf(evidence) !== undefined) return false
  const { sysctls } = socketsOf(evidence)!
  return (
    isIpv4(evidence.client.addr) &&
    Object.entries(sysctls).some(([name, value]) => name.endsWith('.rp_filter') && value !== '0')
  )
}
