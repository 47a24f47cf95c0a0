import type { KernelFact } from '../../kernel/fact.ts'
import { LastListeners } from '../../kernel/last-listeners.ts'
import { ListenerAges } from '../../kernel/listener-ages.ts'
import type { FilteredPacket } from '../../sockets/nft-rule.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import type {
  FirewallRule,
  ListenerEvidence,
  RouteEvidence,
  SocketEvidence,
} from '../../sockets/socket-evidence.ts'
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts'
import { Budget } from '../budget.ts'
import { monotonicNow } from '../kernel/tracepoints.ts'
import { SystemError } from '../libc.ts'
import { type NamedNetns, Namespaces } from '../namespaces.ts'
import { conntrack, settings } from '../settings.ts'
import { EndSockets } from './end-sockets.ts'
import { type Filtered, Firewall } from './firewall.ts'
import { ListenersEverywhere } from './listeners-everywhere.ts'
import { NetCounterReader, type NetCounters } from './net-counters.ts'
import { isLocal, routeEvidence } from './route-evidence.ts'
import type { Ends } from './socket-finder.ts'
import { snapshot } from './socket-table.ts'
import { tablesRefusal } from './tables-refusal.ts'

/** An end of a connection. Port 0 is not known: connect() failed before it had one. */
export interface QueryEnd {
  readonly addr: string
  readonly port: number
}

/** One failed or stuck connection. */
export interface EvidenceQuery {
  readonly proto: 'tcp' | 'udp'
  readonly client: QueryEnd
  readonly server: QueryEnd
  readonly here: { readonly client: boolean; readonly server: boolean }
  /** Namespaces of the ends by inode, where they are known; else they are found by their addresses. */
  readonly netns: { readonly client?: number; readonly server?: number }
  /** When the connection began, ns of the kernel's clock, where that is known. */
  readonly began?: number
}

/** What `Evidence.socket` is. */
export type SocketPlane =
  | ({ readonly watched: true } & SocketEvidence)
  | { readonly watched: false; readonly why: string }

type End = 'client' | 'server'

/** Whether an address is one of this machine is asked again after this, ms. */
const AGE = 1000
const CAPACITY = 4096
/** TCP flags of a SYN and of its answer. */
const SYN = 0x02
const SYN_ACK = 0x12

/** What was found out inside the namespace of one end. */
interface EndFindings {
  readonly socket?: SocketRecord | undefined
  /** Towards the other end. */
  readonly route?: RouteEvidence | undefined
  readonly ports?: SocketEvidence['ports']
  readonly settings: Record<string, string>
  readonly conntrack: { count: number; max: number } | undefined
}

interface Parsed {
  readonly proto: 'tcp' | 'udp'
  readonly client: Address
  readonly clientPort: number
  readonly server: Address
  readonly serverPort: number
}

/**
 * The socket plane at the time of judging: what the tables, routes, rules and settings of this machine say about one
 * connection. Synchronous; nothing throws, what cannot be had is absent. Takes 5–15 ms with 90 processes and 20
 * namespaces, half of it nft(8) and half the search for listeners' owners; a share of the time is never exceeded.
 */
export class EvidenceLookup {
  readonly #namespaces = new Namespaces()
  readonly #counters = new NetCounterReader(this.#namespaces)
  readonly #listeners = new ListenersEverywhere(this.#namespaces)
  readonly #firewall = new Firewall(this.#namespaces)
  readonly #past = new LastListeners()
  readonly #ages = new ListenerAges()
  readonly #budget: Budget
  readonly #here = new Map<string, { readonly at: number; readonly local: boolean }>()

  /** By default the first hundred or so of a storm of failures are looked up, then what a quarter of the time allows. */
  constructor(budget: Budget = new Budget(0.25, 1000)) {
    this.#budget = budget
  }

  /** Remembers who listened where; other facts are passed over. */
  fact(fact: KernelFact): void {
    if (fact.fact !== 'state') return
    this.#past.state(fact)
    this.#ages.state(fact)
  }

  sockets(query: EvidenceQuery): SocketPlane {
    const client = parseAddress(query.client.addr)
    const server = parseAddress(query.server.addr)
    if (client === undefined || server === undefined) return unwatched('its addresses are not internet ones')
    if (!query.here.client && !query.here.server) return unwatched('neither end is on this machine')
    const ends = {
      proto: query.proto,
      client,
      clientPort: query.client.port,
      server,
      serverPort: query.server.port,
    }
    const refusal = tablesRefusal()
    if (refusal !== undefined) return unwatched(refusal)
    try {
      return (
        this.#budget.run(() => this.#evidence(query, ends)) ??
        unwatched('too many connections failed at once to look each up')
      )
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return unwatched(error.message)
    }
  }

  /** Counters of a namespace (the own one by default) that verdicts turn on; cheap enough for each new attempt. */
  counters(netns?: number): NetCounters | undefined {
    return this.#counters.read(netns)
  }

  /** Whether packets to the address end on this machine, in the own namespace or in `netns`. */
  isHere(addr: string, netns?: number): boolean {
    const key = `${netns ?? ''} ${addr}`
    const now = performance.now()
    const known = this.#here.get(key)
    if (known !== undefined && now - known.at < AGE) return known.local
    const address = parseAddress(addr)
    const local = address !== undefined && this.#namespaces.inside(netns, () => isLocal(address)) === true
    if (this.#here.size >= CAPACITY) this.#here.clear()
    this.#here.set(key, { at: now, local })
    return local
  }

  /** The one other namespace that has this address on one of its interfaces. */
  netnsOf(addr: string): NamedNetns | undefined {
    return this.#namespaces.withAddress(addr)
  }

  close(): void {
    this.#listeners.close()
  }

  #evidence(query: EvidenceQuery, ends: Parsed): SocketPlane {
    const netns = { client: this.#netns(query, 'client'), server: this.#netns(query, 'server') }
    const target = query.here.server ? this.#target(ends, netns.server) : { ends, netns: netns.server }
    const client = query.here.client ? this.#end('client', ends, netns.client) : undefined
    const server = query.here.server ? this.#end('server', target.ends, target.netns) : undefined
    if (query.here.server && server === undefined) return unwatched(notEntered('server'))
    if (query.here.client && client === undefined) return unwatched(notEntered('client'))
    const sameNetns = query.here.client && query.here.server && netns.client === target.netns
    const listeners = this.#listeners.find(
      {
        proto: ends.proto,
        address: target.ends.server,
        port: target.ends.serverPort,
        netns: query.here.server ? (target.netns ?? null) : undefined,
        iface: sameNetns ? 'lo' : server?.route?.iface,
      },
      query.server.addr,
    )
    if (listeners === undefined) return unwatched(notEntered('server'))
    const firewall = this.#rules(query, ends, target, netns, { client, server })
    const past = this.#past.find(target.netns ?? null, target.ends.serverPort, monotonicNow())
    const tracked = { ...pick('client', client?.conntrack), ...pick('server', server?.conntrack) }
    return {
      watched: true,
      ...(client?.socket !== undefined && { client: client.socket }),
      ...(server?.socket !== undefined && { server: server.socket }),
      // UDP has no LISTEN whose beginning could be seen.
      listeners: ends.proto === 'tcp' ? this.#aged(listeners, query.began) : listeners,
      everyNetns: this.#namespaces.entersAll,
      ...(past !== undefined && query.here.server && { lastListener: past }),
      ...(client?.route !== undefined && { route: client.route }),
      ...(server?.route !== undefined && { returnRoute: server.route }),
      ...(client?.ports !== undefined && { ports: client.ports }),
      ...firewall,
      ...(Object.keys(tracked).length > 0 && { conntrack: tracked }),
      sysctls: { ...client?.settings, ...server?.settings },
    }
  }

  /** With who came too late said: of several at one address only where all of them did. */
  #aged(
    listeners: readonly ListenerEvidence[],
    began = Number.POSITIVE_INFINITY,
  ): readonly ListenerEvidence[] {
    const isAt = (one: ListenerEvidence, { netns, socket }: ListenerEvidence): boolean =>
      one.netns === netns && one.socket.local.addr === socket.local.addr
    return listeners.map((listener) => {
      const { netns, socket } = listener
      const { addr = '', port = 0 } = socket.local
      const there = listeners.filter((other) => isAt(other, listener)).length
      return this.#ages.youngerThan(began, netns, addr, port) < there
        ? listener
        : { ...listener, younger: true }
    })
  }

  /** An end is in the namespace that was told, else in the own one where that has its address, else in the one that has. */
  #netns({ netns, ...query }: EvidenceQuery, end: End): number | undefined {
    const own = this.#namespaces.own ?? undefined
    if (netns[end] !== undefined) return netns[end]
    const { addr } = query[end]
    return this.isHere(addr) ? own : (this.#namespaces.withAddress(addr)?.inode ?? own)
  }

  /** Where the rules of the server's host send the connection, a published address for example. */
  #target(ends: Parsed, netns: number | undefined): { ends: Parsed; netns: number | undefined } {
    const there = this.#firewall.translated(netns, packetOf(ends, 'original', undefined, false))
    if (there === undefined) return { ends, netns }
    const moved = { ...ends, server: there.destination, serverPort: there.destinationPort }
    const addr = formatAddress(moved.server.family, moved.server.words)
    return { ends: moved, netns: this.isHere(addr, netns) ? netns : (this.netnsOf(addr)?.inode ?? netns) }
  }

  #end(end: End, ends: Parsed, netns: number | undefined): EndFindings | undefined {
    const { proto, client, clientPort, server, serverPort } = ends
    const own = { local: client, localPort: clientPort, remote: server, remotePort: serverPort }
    const mirrored = { local: server, localPort: serverPort, remote: client, remotePort: clientPort }
    return this.#namespaces.inside(netns, () => {
      const from = isWildcard(client) ? undefined : client
      const route = routeEvidence(
        end === 'client'
          ? { proto, to: server, from, port: serverPort }
          : { proto, to: client, from: server, port: clientPort },
      )
      return {
        ...socketsOf(proto, end === 'client' ? own : mirrored, end === 'client'),
        route,
        settings: settings(end, route?.iface),
        conntrack: conntrack(),
      }
    })
  }

  #rules(
    { here }: EvidenceQuery,
    ends: Parsed,
    target: { ends: Parsed; netns: number | undefined },
    netns: Record<End, number | undefined>,
    found: Partial<Record<End, EndFindings | undefined>>,
  ): Pick<SocketEvidence, 'firewall' | 'firewallUnknown'> {
    const established = [found.client, found.server].some(
      (end) => end?.socket !== undefined && !/^SYN_|^CLOSE$/.test(end.socket.state),
    )
    const rules: FirewallRule[] = []
    const unknown = new Set<string>()
    const add = (filtered: Filtered): void => {
      rules.push(...filtered.rules)
      if (filtered.unknown !== undefined) unknown.add(filtered.unknown)
    }
    const ask = (end: End, inode: number | undefined, through: Parsed, iface: string | undefined): void => {
      const original = packetOf(through, 'original', iface, established)
      const reply = packetOf(through, 'reply', iface, established)
      const [sent, got] = end === 'client' ? [original, reply] : [reply, original]
      const local = ({ destination }: FilteredPacket): boolean =>
        this.isHere(formatAddress(destination.family, destination.words), inode)
      add(this.#firewall.filter(end, inode, sent, got, local))
    }
    const shared = here.client && here.server && netns.client === netns.server
    if (here.client) ask('client', netns.client, ends, shared ? 'lo' : found.client?.route?.iface)
    if (here.server) {
      const iface = shared ? 'lo' : found.server?.route?.iface
      ask('server', netns.server, ends, target.netns === netns.server ? iface : undefined)
      if (target.netns !== netns.server) ask('server', target.netns, target.ends, iface)
    }
    const own = this.#namespaces.own ?? undefined
    const ended = [here.client && netns.client, here.server && netns.server, here.server && target.netns]
    // Neither end is in the own namespace: a container's packets pass through it.
    if (!ended.includes(own)) {
      const [towards, back] = [ends.server, ends.client].map(
        (to) => routeEvidence({ proto: ends.proto, to, port: ends.serverPort })?.iface,
      )
      const original = { ...packetOf(ends, 'original', back, established), out: towards }
      const reply = { ...packetOf(ends, 'reply', towards, established), out: back }
      add(this.#firewall.forward(here.client ? 'client' : 'server', own, [original, reply]))
    }
    const [why] = unknown
    return { firewall: rules, ...(why !== undefined && { firewallUnknown: why }) }
  }
}

function notEntered(end: End): string {
  return `the network namespace of the ${end} cannot be looked into: that needs CAP_SYS_ADMIN and CAP_SYS_PTRACE (sudo)`
}

function unwatched(why: string): SocketPlane {
  return { watched: false, why }
}

/** The connection's socket in the thread's namespace; for a client that got no port, how many there are. */
function socketsOf(proto: 'tcp' | 'udp', ends: Ends, client: boolean): Pick<EndFindings, 'socket' | 'ports'> {
  const from = isWildcard(ends.local) ? undefined : ends.local
  try {
    return EndSockets.with((sockets) => {
      if (ends.localPort !== 0) return { socket: sockets.connection(proto, ends) }
      return client && proto === 'tcp' ? { ports: sockets.ports(ends.remote, ends.remotePort, from) } : {}
    })
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    // Ports are not counted in /proc/net; a connection that is not looked for there would pass for one without socket.
    return ends.localPort === 0 ? {} : { socket: socketInProc(proto, ends) }
  }
}

/** The connection's socket in /proc/net, where the kernel has no inet_diag. Throws `SystemError` when that is masked. */
function socketInProc(
  proto: 'tcp' | 'udp',
  { local, localPort, remote, remotePort }: Ends,
): SocketRecord | undefined {
  const { records } = snapshot({ tables: [proto], processes: false, source: 'proc' })
  const isAt = (end: SocketRecord['local'], { family, words }: Address, port: number): boolean => {
    const addr = formatAddress(family, words)
    return end.port === port && (end.addr === addr || end.addr === `::ffff:${addr}`)
  }
  return records.find(
    (socket) => isAt(socket.local, local, localPort) && isAt(socket.remote, remote, remotePort),
  )
}

/** The SYN and its answer before the connection stands, afterwards any segment. */
function packetOf(
  { proto, client, clientPort, server, serverPort }: Parsed,
  direction: 'original' | 'reply',
  iface: string | undefined,
  established: boolean,
): FilteredPacket {
  const forth = direction === 'original'
  return {
    proto,
    source: forth ? client : server,
    sourcePort: forth ? clientPort : serverPort,
    destination: forth ? server : client,
    destinationPort: forth ? serverPort : clientPort,
    in: iface,
    out: iface,
    state: established || !forth ? 'established' : 'new',
    direction,
    ...(!established && { flags: forth ? SYN : SYN_ACK }),
  }
}

function isWildcard({ words }: Address): boolean {
  return words.every((word) => word === 0)
}

function pick<T>(end: End, value: T | undefined): Partial<Record<End, T>> {
  return value === undefined ? {} : ({ [end]: value } as Partial<Record<End, T>>)
}
