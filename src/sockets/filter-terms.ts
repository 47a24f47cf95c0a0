import type { KernelExpression, Side } from './bytecode.ts'
import { AF_INET, AF_INET6 } from './diag-request.ts'
import type { Term } from './filter-kernel.ts'
import type { Comparison, Cursor } from './filter-parse.ts'
import { type HostPattern, matchesHost, parseHostPattern, splitHost } from './host-pattern.ts'
import type { Netid, SocketEndpoint, SocketRecord, SocketState } from './socket.ts'
import { statesNamed } from './state-names.ts'

/** Names that a filter may use in place of numbers; `host/` reads them from the machine. */
export interface FilterNames {
  readonly servicePort: (name: string, transport: 'tcp' | 'udp') => number | undefined
  readonly interfaceName: (index: number) => string | undefined
  /** Inode of a network namespace by its name. */
  readonly netnsInode?: (name: string) => number | undefined
  /** The local ports that the kernel chooses from, both ends of the range included. */
  readonly ephemeralPorts: () => readonly [low: number, high: number]
}

export const ORDERED: readonly Comparison[] = ['=', '!=', '<', '<=', '>', '>=']
export const EQUALITY: readonly Comparison[] = ['=', '!=']

/** A run of `state X` and `exclude Y`: the states are added up and taken away from left to right. */
export function statesTerm(cursor: Cursor, start: 'state' | 'exclude'): Term {
  const states = new Set<SocketState>(start === 'exclude' ? statesNamed('all') : [])
  for (let adding = start === 'state'; ; ) {
    const named = cursor.value('a state or one of all, connected, synchronized, bucket, big', statesNamed)
    for (const state of named)
      if (adding) states.add(state)
      else states.delete(state)
    if (cursor.takeWord('state')) adding = true
    else if (cursor.takeWord('exclude')) adding = false
    else return { matches: ({ state }) => states.has(state), states }
  }
}

/** A port as its TCP and UDP numbers: a service may have different ones. */
interface Ports {
  readonly tcp: number | undefined
  readonly udp: number | undefined
}

function readPort(name: string, names: FilterNames): Ports | undefined {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(name))
    return Number(name) > 0xffff ? undefined : { tcp: Number(name), udp: Number(name) }
  const tcp = names.servicePort(name, 'tcp')
  const udp = names.servicePort(name, 'udp')
  return tcp === undefined && udp === undefined ? undefined : { tcp, udp }
}

function portOf(ports: Ports, netid: Netid): number | undefined {
  return netid === 'udp' ? ports.udp : ports.tcp
}

function end(side: Side): (record: SocketRecord) => SocketEndpoint {
  return side === 'source' ? ({ local }) => local : ({ remote }) => remote
}

/** A socket without ports (unix), or a service that its protocol does not have, equals no port. */
function portTest(operator: Comparison, ports: Ports, side: Side): (record: SocketRecord) => boolean {
  const of = end(side)
  return (record) => {
    const wanted = portOf(ports, record.netid)
    const { port } = of(record)
    if (port === undefined || wanted === undefined) return operator === '!='
    return compare(operator, port, wanted)
  }
}

/** Only "at least" and "at most" are known to every kernel. */
function portKernel(operator: Comparison, port: number, side: Side): KernelExpression {
  const from: KernelExpression = { test: 'port_from', side, port }
  const to: KernelExpression = { test: 'port_to', side, port }
  const equal: KernelExpression = { test: 'and', operands: [from, to] }
  switch (operator) {
    case '=':
      return equal
    case '!=':
      return { test: 'not', operand: equal }
    case '<':
      return { test: 'not', operand: from }
    case '<=':
      return to
    case '>':
      return { test: 'not', operand: to }
    case '>=':
      return from
    default:
      return operator satisfies never
  }
}

export function portTerm(cursor: Cursor, name: 'sport' | 'dport', names: FilterNames): Term {
  const side = name === 'sport' ? 'source' : 'destination'
  const operator = cursor.comparison(name, ORDERED)
  const ports = cursor.value('a port such as :443 or :https', (word) =>
    readPort(word.replace(/^:/, ''), names),
  )
  return {
    matches: portTest(operator, ports, side),
    kernel: (netid) => {
      const port = portOf(ports, netid)
      return port === undefined ? undefined : portKernel(operator, port, side)
    },
  }
}

export function hostTerm(cursor: Cursor, name: 'src' | 'dst', names: FilterNames): Term {
  const operator = cursor.comparison(name, EQUALITY)
  const side = name === 'src' ? 'source' : 'destination'
  const term = cursor.value('an address such as 10.0.0.0/8, [::1]:443 or *:443', (word) =>
    hostTest(word, side, names),
  )
  if (operator === '=') return term
  const { matches, kernel } = term
  return {
    matches: (record) => !matches(record),
    kernel: (netid) => {
      const operand = kernel?.(netid)
      return operand && { test: 'not', operand }
    },
  }
}

function hostTest(word: string, side: Side, names: FilterNames): Term | undefined {
  const of = end(side)
  if (/^(unix:|\/|@)/.test(word)) {
    const matchesPath = glob(word.replace(/^unix:/, ''), 'i')
    return { matches: (record) => matchesPath(of(record).path) }
  }
  const { host, port } = splitHost(word.replace(/^inet6?:/, ''))
  const ports = port === undefined ? undefined : readPort(port, names)
  const pattern = host === undefined ? undefined : parseHostPattern(host)
  if ((port !== undefined && ports === undefined) || (host !== undefined && pattern === undefined))
    return undefined
  const hasPort = ports === undefined ? () => true : portTest('=', ports, side)
  return {
    matches: (record) => {
      const { addr } = of(record)
      return addr !== undefined && hasPort(record) && (pattern === undefined || matchesHost(pattern, addr))
    },
    kernel: (netid) => {
      const wanted = ports && portOf(ports, netid)
      return ports !== undefined && wanted === undefined ? undefined : hostKernel(side, pattern, wanted)
    },
  }
}

function hostKernel(
  side: Side,
  pattern: HostPattern | undefined,
  port: number | undefined,
): KernelExpression {
  if (pattern === undefined) return { test: 'host', side, family: 0, words: [], prefix: 0, port }
  const { family, words, prefix } = pattern
  return { test: 'host', side, family: family === 4 ? AF_INET : AF_INET6, words, prefix, port }
}

export function deviceTerm(cursor: Cursor, names: FilterNames): Term {
  const operator = cursor.comparison('dev', EQUALITY)
  const wanted = cursor.value('an interface name or index', text)
  const name = /^\d+$/.test(wanted) ? (names.interfaceName(Number(wanted)) ?? `if${wanted}`) : wanted
  return { matches: ({ iface }) => (iface === name) === (operator === '=') }
}

/** `fwmark = V[/MASK]`; a socket without a mark has 0. */
export function markTerm(cursor: Cursor): Term {
  const operator = cursor.comparison('fwmark', EQUALITY)
  const [value, mask] = cursor.value('a mark such as 0x1 or 0x1/0xff', (word) => {
    const [value, mask = 0xffffffff] = word.split('/').map(Number)
    return Number.isInteger(value) && Number.isInteger(mask) ? ([value!, mask] as const) : undefined
  })
  return { matches: ({ mark = 0 }) => (((mark & mask) ^ (value & mask)) >>> 0 === 0) === (operator === '=') }
}

/** A control group by its path, with or without the mount point in front. */
export function cgroupTerm(cursor: Cursor): Term {
  const operator = cursor.comparison('cgroup', EQUALITY)
  const path = cursor.value('the path of a control group', (word) =>
    word.startsWith('/')
      ? word.replace(/^\/sys\/fs\/cgroup(\/unified)?(?=\/|$)/, '').replace(/\/+$/, '') || '/'
      : undefined,
  )
  return { matches: ({ cgroup }) => (cgroup === path) === (operator === '=') }
}

export function userTerm(cursor: Cursor): Term {
  const operator = cursor.comparison('user', EQUALITY)
  const wanted = cursor.value('a user name or id', text)
  return {
    matches: ({ user, uid }) =>
      (user === wanted || (uid !== null && String(uid) === wanted)) === (operator === '='),
  }
}

/** A number with a unit of `units`, one of them the unit of `read`; what has no such number never matches. */
export function numberTerm(
  cursor: Cursor,
  name: string,
  expected: string,
  read: (record: SocketRecord) => number | undefined,
  parse: (word: string) => number | undefined = number,
): Term {
  const operator = cursor.comparison(name, ORDERED)
  const wanted = cursor.value(expected, parse)
  return {
    matches: (record) => {
      const value = read(record)
      return value !== undefined && compare(operator, value, wanted)
    },
  }
}

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 }

/** `100ms`, `1.5s`, `80us`, or milliseconds, in µs. */
export function microseconds(word: string): number | undefined {
  const [, value, unit = 'ms'] = /^(\d+(?:\.\d+)?)(us|ms|s)?$/.exec(word) ?? []
  return value === undefined ? undefined : Number(value) * MICROSECONDS[unit]!
}

export function compare(operator: Comparison, left: number, right: number): boolean {
  switch (operator) {
    case '=':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
    default:
      return operator satisfies never
  }
}

/** A pattern of fnmatch(3) without flags: `*` takes `/` too. */
export function glob(pattern: string, flags = ''): (value: string | undefined) => boolean {
  const source = pattern.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^]*'
    if (part === '?') return '[^]'
    if (part.length > 1) return `[${part.slice(1, -1).replace(/^!/, '^').replace(/\\/g, '\\\\')}]`
    return part.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  const expression = new RegExp(`^${source}$`, flags)
  return (value) => value !== undefined && expression.test(value)
}

export function text(word: string): string | undefined {
  return word === '' ? undefined : word
}

export function number(word: string): number | undefined {
  return /^\d+$/.test(word) ? Number(word) : undefined
}
