import type {
  Evidence,
  KernelDrop,
  KernelEvidence,
  WireEvidence,
  WireIcmp,
  WireReset,
  WireStuck,
} from '../../src/diagnose/evidence.ts'
import type { PlaneName } from '../../src/diagnose/verdict.ts'
import { NANOS_PER_SECOND, type Nanos } from '../../src/flow/time.ts'
import type { SocketRecord, SocketState } from '../../src/sockets/socket.ts'
import type { FirewallRule, ListenerEvidence, SocketEvidence } from '../../src/sockets/socket-evidence.ts'

/** Evidence for tests of rules: each builder gives a plane that shows nothing, and takes what it does show. */
export const CLIENT = { addr: '10.0.0.1', port: 40000 }
export const SERVER = { addr: '10.0.0.2', port: 8080 }

export function seconds(count: number): Nanos {
  return (count * NANOS_PER_SECOND) as Nanos
}

type Parts = Partial<Omit<Evidence, 'wire' | 'socket' | 'kernel' | 'process'>> & {
  readonly wire?: Partial<WireEvidence>
  readonly socket?: Partial<SocketEvidence>
  readonly kernel?: Partial<KernelEvidence>
  readonly process?: Omit<Extract<Evidence['process'], { watched: true }>, 'watched'>
}

/** Everything watched, 100 s into the trace, the client here. */
export function evidence({ wire, socket, kernel, process, ...parts }: Parts = {}): Evidence {
  return {
    proto: 'tcp',
    client: CLIENT,
    server: SERVER,
    now: seconds(100),
    ended: false,
    here: { client: true, server: false },
    process: { watched: true, ...process },
    wire: { watched: true, ...NO_WIRE, ...wire },
    socket: { watched: true, ...NO_SOCKETS, ...socket },
    kernel: { watched: true, ...NO_KERNEL, ...kernel },
    ...parts,
  }
}

const NO_WIRE: WireEvidence = {
  syns: 0,
  synAcks: 0,
  synAcksAfterEstablished: 0,
  staleAck: false,
  synAckRefused: false,
  midstream: false,
  states: { client: 'CLOSED', server: 'CLOSED' },
  bytes: { client: 0, server: 0 },
  fin: {},
  finAcked: { client: false, server: false },
}
const NO_SOCKETS: SocketEvidence = { listeners: [], everyNetns: true, firewall: [], sysctls: {} }
const NO_KERNEL: KernelEvidence = {
  states: {},
  netns: {},
  drops: [],
  retransmits: { client: 0, server: 0 },
  synAckRetransmits: 0,
  counters: {},
}

/** The same without some planes. */
export function without(whole: Evidence, planes: readonly PlaneName[]): Evidence {
  const gone = { watched: false, why: 'taken away' } as const
  return Object.assign({ ...whole }, ...planes.map((plane) => ({ [plane]: gone })))
}

/** `count` SYNs by the usual ladder, none of them answered. */
export function syns(count: number, parts: Partial<WireEvidence> = {}): Partial<WireEvidence> {
  const last = [0, 1, 3, 7][count - 1] ?? 15
  const states = { client: 'SYN_SENT', server: 'LISTEN' } as const
  return { syns: count, firstSyn: seconds(90), lastSyn: seconds(90 + last), states, ...parts }
}

/** A connection whose handshake was complete at 90 s. */
export function connected(parts: Partial<WireEvidence> = {}): Partial<WireEvidence> {
  const states = { client: 'ESTABLISHED', server: 'ESTABLISHED' } as const
  return { ...syns(1), synAcks: 1, established: seconds(90), states, last: seconds(91), ...parts }
}

export function reset(parts: Partial<WireReset> = {}): WireReset {
  return {
    by: 'server',
    at: seconds(95),
    flags: 'R.',
    effect: 'effective',
    receiverState: 'ESTABLISHED',
    win: 0,
    after: 'data',
    afterMs: 0.04,
    ttl: 64,
    usualTtl: 64,
    senderWentOn: false,
    ...parts,
  }
}

/** The RST that answers a SYN. */
export function refusal(parts: Partial<WireReset> = {}): Partial<WireEvidence> {
  const { usualTtl: _, ...rst } = reset({ after: 'syn', receiverState: 'SYN_SENT', ...parts })
  return syns(1, { reset: rst })
}

export function icmp(
  name: string,
  type: number,
  code: number,
  error?: string,
  from = '10.0.0.254',
): WireIcmp {
  const base = { from, quoted: 'client', type, code, name, at: seconds(95), effective: true } as const
  return error === undefined ? base : { ...base, error }
}

export function stuck(parts: Partial<WireStuck> = {}): WireStuck {
  return {
    sender: 'client',
    times: 4,
    since: seconds(92),
    length: 100,
    largestAcked: 100,
    mss: 1460,
    sackedBehind: false,
    ...parts,
  }
}

export function drop(parts: Partial<KernelDrop> = {}): KernelDrop {
  return {
    sender: 'client',
    segment: 'syn',
    reason: 'NETFILTER_DROP',
    location: 'nft_do_chain',
    netns: 1,
    count: 1,
    ...parts,
  }
}

export function socket(state: SocketState, parts: Partial<SocketRecord> = {}): SocketRecord {
  return {
    type: 'socket',
    netid: 'tcp',
    family: 'inet',
    state,
    recv_q: 0,
    send_q: 0,
    local: SERVER,
    remote: CLIENT,
    uid: 0,
    inode: 7,
    cookie: '1',
    netns: 1,
    processes: [],
    ...parts,
  }
}

/** nginx on an address of the server's namespace; it takes what was dialled unless said otherwise. */
export function listener(
  addr = '0.0.0.0',
  parts: Partial<ListenerEvidence> = {},
  record: Partial<SocketRecord> = {},
): ListenerEvidence {
  const family = addr.includes(':') ? 'inet6' : 'inet'
  return {
    socket: socket('LISTEN', {
      family,
      local: { addr, port: SERVER.port },
      remote: { addr: family === 'inet' ? '0.0.0.0' : '::', port: 0 },
      listen: { accept_queue: 0, backlog: 128, syn_queue: 0 },
      ...record,
    }),
    netns: 1,
    process: { pid: 77, comm: 'nginx', attribution: 'socket' },
    sameNetns: true,
    accepts: true,
    ...parts,
  }
}

/** The same with `waiting` children in an accept queue of `backlog`. */
export function fullListener(waiting = 129, backlog = 128, synQueue = 0): ListenerEvidence {
  return listener('0.0.0.0', {}, { listen: { accept_queue: waiting, backlog, syn_queue: synQueue } })
}

export function rule(
  hook: FirewallRule['hook'],
  action: FirewallRule['action'],
  end: FirewallRule['end'],
): FirewallRule {
  const text = `tcp dport 8080 ${action}`
  return { end, hook, family: 'inet', table: 'filter', chain: hook, handle: 5, text, action }
}
