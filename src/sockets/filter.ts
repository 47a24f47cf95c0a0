import { type Comparison, Cursor, type Keyword, type Predicate, parseExpression } from './filter-parse.ts'
import { matchesHost, parseHostPattern, splitHost } from './host-pattern.ts'
import type { SocketEndpoint, SocketProcess, SocketRecord, SocketState } from './socket.ts'
import { statesNamed } from './state-names.ts'

export type SocketPredicate = Predicate<SocketRecord>

export interface SocketFilter {
  readonly matches: SocketPredicate
  /** It says which states are wanted: that replaces the selection by options, as in ss. */
  readonly namesStates: boolean
  /** It needs the owners of the sockets. */
  readonly needsProcesses: boolean
}

/** Names that a filter may use in place of numbers; `host/` reads them from the machine. */
export interface FilterNames {
  readonly servicePort: (name: string, transport: 'tcp' | 'udp') => number | undefined
  readonly interfaceName: (index: number) => string | undefined
}

const ORDERED: readonly Comparison[] = ['=', '!=', '<', '<=', '>', '>=']
const EQUALITY: readonly Comparison[] = ['=', '!=']

/**
 * The expression language of ss(8), with `pid`, `comm`, `user`, `recv_q` and `send_q` beside its predicates.
 * No words match everything. Throws `UserError` that points at the character.
 */
export function parseFilter(words: readonly string[], names: FilterNames): SocketFilter {
  const cursor = new Cursor(words)
  if (cursor.peek.kind === 'end') return { matches: () => true, namesStates: false, needsProcesses: false }
  let namesStates = false
  let needsProcesses = false
  const state = (start: 'state' | 'exclude'): Keyword<SocketRecord> => {
    return (at) => {
      namesStates = true
      const states = readStates(at, start)
      return (record) => states.has(record.state)
    }
  }
  const owner = (name: string, keyword: (operator: Comparison, at: Cursor) => Predicate<SocketProcess>) => {
    return (at: Cursor): SocketPredicate => {
      needsProcesses = true
      const operator = at.comparison(name, name === 'pid' ? ORDERED : EQUALITY)
      // Of several owners one is enough; `!=` is the opposite of `=`: no owner is.
      const test = keyword(operator === '!=' ? '=' : operator, at)
      if (operator === '!=') return (record) => !record.processes.some(test)
      return (record) => record.processes.some(test)
    }
  }
  const keywords = new Map<string, Keyword<SocketRecord>>([
    ['state', state('state')],
    ['exclude', state('exclude')],
    ['src', (at) => hostKeyword(at, 'src', ({ local }) => local, names)],
    ['dst', (at) => hostKeyword(at, 'dst', ({ remote }) => remote, names)],
    ['sport', (at) => portKeyword(at, 'sport', ({ local }) => local, names)],
    ['dport', (at) => portKeyword(at, 'dport', ({ remote }) => remote, names)],
    ['dev', (at) => deviceKeyword(at, names)],
    ['fwmark', markKeyword],
    ['pid', owner('pid', (operator, at) => ordered(operator, at.value('a pid', number), ({ pid }) => pid))],
    ['comm', owner('comm', (_, at) => glob(at.value('a name', text), '', ({ comm }) => comm))],
    ['user', userKeyword],
    ['recv_q', (at) => numberKeyword(at, 'recv_q', (record) => record.recv_q)],
    ['send_q', (at) => numberKeyword(at, 'send_q', (record) => record.send_q)],
  ])
  const matches = parseExpression(cursor, keywords)
  return { matches, namesStates, needsProcesses }
}

/** A run of `state X` and `exclude Y`: the states are added up and taken away from left to right. */
function readStates(cursor: Cursor, start: 'state' | 'exclude'): ReadonlySet<SocketState> {
  const states = new Set<SocketState>(start === 'exclude' ? statesNamed('all') : [])
  for (let adding = start === 'state'; ; ) {
    const named = cursor.value('a state or one of all, connected, synchronized, bucket, big', statesNamed)
    for (const state of named)
      if (adding) states.add(state)
      else states.delete(state)
    if (cursor.takeWord('state')) adding = true
    else if (cursor.takeWord('exclude')) adding = false
    else return states
  }
}

type Side = (record: SocketRecord) => SocketEndpoint

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

/** A socket without ports (unix), or a service that its protocol does not have, equals no port. */
function portTest(operator: Comparison, ports: Ports, side: Side): SocketPredicate {
  return (record) => {
    const wanted = record.netid === 'udp' ? ports.udp : ports.tcp
    const { port } = side(record)
    if (port === undefined || wanted === undefined) return operator === '!='
    return compare(operator, port, wanted)
  }
}

function portKeyword(cursor: Cursor, name: string, side: Side, names: FilterNames): SocketPredicate {
  const operator = cursor.comparison(name, ORDERED)
  const ports = cursor.value('a port such as :443 or :https', (word) =>
    readPort(word.replace(/^:/, ''), names),
  )
  return portTest(operator, ports, side)
}

function hostKeyword(cursor: Cursor, name: string, side: Side, names: FilterNames): SocketPredicate {
  const operator = cursor.comparison(name, EQUALITY)
  const test = cursor.value('an address such as 10.0.0.0/8, [::1]:443 or *:443', (word) =>
    hostTest(word, side, names),
  )
  return operator === '=' ? test : (record) => !test(record)
}

function hostTest(word: string, side: Side, names: FilterNames): SocketPredicate | undefined {
  if (/^(unix:|\/|@)/.test(word)) return glob(word.replace(/^unix:/, ''), 'i', (record) => side(record).path)
  const { host, port } = splitHost(word)
  const ports = port === undefined ? undefined : readPort(port, names)
  const pattern = host === undefined ? undefined : parseHostPattern(host)
  if ((port !== undefined && ports === undefined) || (host !== undefined && pattern === undefined))
    return undefined
  const hasPort = ports === undefined ? () => true : portTest('=', ports, side)
  return (record) => {
    const { addr } = side(record)
    return addr !== undefined && hasPort(record) && (pattern === undefined || matchesHost(pattern, addr))
  }
}

function deviceKeyword(cursor: Cursor, names: FilterNames): SocketPredicate {
  const operator = cursor.comparison('dev', EQUALITY)
  const wanted = cursor.value('an interface name or index', text)
  const name = /^\d+$/.test(wanted) ? (names.interfaceName(Number(wanted)) ?? `if${wanted}`) : wanted
  return ({ iface }) => (iface === name) === (operator === '=')
}

/** `fwmark = V[/MASK]`; a socket without a mark has 0. */
function markKeyword(cursor: Cursor): SocketPredicate {
  const operator = cursor.comparison('fwmark', EQUALITY)
  const [value, mask] = cursor.value('a mark such as 0x1 or 0x1/0xff', (word) => {
    const [value, mask = 0xffffffff] = word.split('/').map(Number)
    return Number.isInteger(value) && Number.isInteger(mask) ? ([value!, mask] as const) : undefined
  })
  return ({ mark = 0 }) => (((mark & mask) ^ (value & mask)) >>> 0 === 0) === (operator === '=')
}

function userKeyword(cursor: Cursor): SocketPredicate {
  const operator = cursor.comparison('user', EQUALITY)
  const wanted = cursor.value('a user name or id', text)
  return ({ user, uid }) =>
    (user === wanted || (uid !== null && String(uid) === wanted)) === (operator === '=')
}

function numberKeyword(
  cursor: Cursor,
  name: string,
  read: (record: SocketRecord) => number,
): SocketPredicate {
  const operator = cursor.comparison(name, ORDERED)
  return ordered(operator, cursor.value('a number', number), read)
}

function ordered<T>(operator: Comparison, wanted: number, read: (item: T) => number): Predicate<T> {
  return (item) => compare(operator, read(item), wanted)
}

function compare(operator: Comparison, left: number, right: number): boolean {
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
function glob<T>(pattern: string, flags: string, read: (item: T) => string | undefined): Predicate<T> {
  const source = pattern.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^]*'
    if (part === '?') return '[^]'
    if (part.length > 1) return `[${part.slice(1, -1).replace(/^!/, '^').replace(/\\/g, '\\\\')}]`
    return part.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  const expression = new RegExp(`^${source}$`, flags)
  return (item) => {
    const value = read(item)
    return value !== undefined && expression.test(value)
  }
}

function text(word: string): string {
  return word
}

function number(word: string): number | undefined {
  return /^\d+$/.test(word) ? Number(word) : undefined
}
