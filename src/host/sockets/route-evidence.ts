import type { RouteKind, RouteQuery } from '../../sockets/rtnetlink.ts'
import type { RouteEvidence } from '../../sockets/socket-evidence.ts'
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts'
import { interfaceNames } from '../interface-names.ts'
import { SystemError } from '../libc.ts'
import { Rtnetlink } from './rtnetlink.ts'

/** What kind of route makes an IPv4 lookup fail so (fib_props in net/ipv4/fib_semantics.c). */
const FAILURES: Readonly<Record<string, RouteEvidence['kind']>> = {
  EHOSTUNREACH: 'unreachable',
  EINVAL: 'blackhole',
  EACCES: 'prohibit',
  ENETUNREACH: 'none',
}

/** What connect() gets for a route that an IPv6 lookup names instead of failing (ip6_rt_type_to_error). */
const ERRORS: Partial<Record<RouteKind, string>> = {
  unreachable: 'EHOSTUNREACH',
  blackhole: 'EINVAL',
  prohibit: 'EACCES',
  throw: 'ENETUNREACH',
}

/** How the calling thread's network namespace routes a connection; `undefined` when it cannot be asked. */
export function routeEvidence(query: RouteQuery): RouteEvidence | undefined {
  try {
    return Rtnetlink.with((netlink) => lookUp(netlink, query))
  } catch (error) {
    if (error instanceof SystemError) return undefined
    throw error
  }
}

/** True when packets to the address end in the calling thread's network namespace. */
export function isLocal(to: Address): boolean {
  try {
    return Rtnetlink.with((netlink) => netlink.route({ to, proto: 'tcp', port: 1 })?.kind === 'local')
  } catch (error) {
    if (error instanceof SystemError) return false
    throw error
  }
}

function lookUp(netlink: Rtnetlink, query: RouteQuery): RouteEvidence | undefined {
  try {
    return describe(netlink, query)
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    // EINVAL also when the source is no address of this namespace (any more).
    if (error.code === 'EINVAL' && query.from !== undefined)
      return lookUp(netlink, { ...query, from: undefined })
    const kind = FAILURES[error.code]
    return kind === undefined ? undefined : { kind, error: error.code }
  }
}

function describe(netlink: Rtnetlink, query: RouteQuery): RouteEvidence | undefined {
  const route = netlink.route(query)
  if (route === undefined || route.kind === 'other') return undefined
  const error = ERRORS[route.kind]
  const source = route.source ?? (query.from && formatAddress(query.from.family, query.from.words))
  const iface = route.interface === 0 ? undefined : interfaceNames()(route.interface)
  const hop = route.gateway === undefined ? query.to : parseAddress(route.gateway)
  const neighbor =
    route.kind === 'unicast' && hop !== undefined ? neighborOf(netlink, route.interface, hop) : undefined
  return {
    kind: route.kind,
    ...(error !== undefined && { error }),
    // The kernel hangs every IPv6 route that refuses on the loopback device.
    ...(iface !== undefined && error === undefined && { iface }),
    ...(route.gateway !== undefined && { gateway: route.gateway }),
    ...(source !== undefined && { source }),
    ...(neighbor !== undefined && { neighbor: neighbor.state }),
    ...(neighbor?.address !== undefined && { neighborAddress: neighbor.address }),
  }
}

/** No entry: nobody has asked for it yet, or the device needs none (ENOENT). */
function neighborOf(netlink: Rtnetlink, index: number, hop: Address): ReturnType<Rtnetlink['neighbor']> {
  try {
    return netlink.neighbor(index, hop)
  } catch (error) {
    if (error instanceof SystemError) return undefined
    throw error
  }
}
