import { type KernelPart, kernelPart, type Term } from './filter-kernel.ts'
import { type Comparison, Cursor, type Expression, type Keyword, parseExpression } from './filter-parse.ts'
import {
  cgroupTerm,
  compare,
  deviceTerm,
  EQUALITY,
  type FilterNames,
  glob,
  hostTerm,
  markTerm,
  microseconds,
  number,
  numberTerm,
  ORDERED,
  portTerm,
  statesTerm,
  text,
  userTerm,
} from './filter-terms.ts'
import type { Netid, SocketProcess, SocketRecord } from './socket.ts'

export type SocketPredicate = (record: SocketRecord) => boolean

/** What a filter looks at that is not in every record. */
export interface FilterNeeds {
  processes: boolean
  /** tcp_info. */
  info: boolean
  cgroups: boolean
  containers: boolean
}

export interface SocketFilter {
  readonly matches: SocketPredicate
  /** It says which states are wanted: that replaces the selection by options, as in ss. */
  readonly namesStates: boolean
  readonly needs: Readonly<FilterNeeds>
  /** What the kernel can do of it when it dumps the sockets of one kind. */
  readonly kernel: (netid: Netid) => KernelPart
}

/**
 * The expression language of ss(8), with `pid`, `comm`, `user`, `container`, `netns`, `retrans`, `rtt`, `recv_q` and
 * `send_q` beside its predicates. No words match everything. Throws `UserError` that points at the character.
 */
export function parseFilter(words: readonly string[], names: FilterNames): SocketFilter {
  const cursor = new Cursor(words)
  const needs: FilterNeeds = { processes: false, info: false, cgroups: false, containers: false }
  let namesStates = false
  if (cursor.peek.kind === 'end')
    return { matches: () => true, namesStates, needs, kernel: (netid) => kernelPart(undefined, netid) }
  let hidden = false
  const needing = (need: keyof FilterNeeds, keyword: Keyword<Term>): Keyword<Term> => {
    return (at) => {
      needs[need] = true
      return keyword(at)
    }
  }
  const states = (start: 'state' | 'exclude'): Keyword<Term> => {
    return (at) => {
      namesStates = true
      return statesTerm(at, start)
    }
  }
  const keywords = new Map<string, Keyword<Term>>([
    ['state', states('state')],
    ['exclude', states('exclude')],
    ['src', (at) => hostTerm(at, 'src', names)],
    ['dst', (at) => hostTerm(at, 'dst', names)],
    ['sport', (at) => portTerm(at, 'sport', names)],
    ['dport', (at) => portTerm(at, 'dport', names)],
    ['dev', (at) => deviceTerm(at, names)],
    ['fwmark', markTerm],
    ['cgroup', needing('cgroups', cgroupTerm)],
    [
      'autobound',
      () => {
        hidden = true
        return autoboundTerm(names)
      },
    ],
    ['pid', needing('processes', (at) => ownerTerm(at, 'pid', ORDERED, pidTest))],
    ['comm', needing('processes', (at) => ownerTerm(at, 'comm', EQUALITY, commTest))],
    ['container', needing('containers', (at) => ownerTerm(at, 'container', EQUALITY, containerTest))],
    ['user', userTerm],
    ['netns', (at) => netnsTerm(at, names)],
    ['retrans', needing('info', (at) => numberTerm(at, 'retrans', 'a number', retransmissions))],
    ['rtt', needing('info', (at) => numberTerm(at, 'rtt', 'a time such as 100ms', roundTrip, microseconds))],
    ['recv_q', (at) => numberTerm(at, 'recv_q', 'a number', ({ recv_q }) => recv_q)],
    ['send_q', (at) => numberTerm(at, 'send_q', 'a number', ({ send_q }) => send_q)],
  ])
  const expression = parseExpression(cursor, keywords)
  if (needs.containers) needs.processes = true
  return {
    matches: predicateOf(expression),
    namesStates,
    needs,
    // As in ss the kernel's word on "autobound" and the range of ports must both hold.
    kernel: (netid) => {
      const part = kernelPart(expression, netid)
      return { ...part, exact: part.exact && !hidden }
    },
  }
}

/** The kernel chose the local port: it knows whether it did, here only the range of its choice is known. */
function autoboundTerm({ ephemeralPorts }: FilterNames): Term {
  return {
    matches: ({ local: { port } }) => {
      const [low, high] = ephemeralPorts()
      return port !== undefined && port >= low && port <= high
    },
    kernel: () => ({ test: 'autobound' }),
  }
}

function predicateOf(expression: Expression<Term>): SocketPredicate {
  switch (expression.kind) {
    case 'term':
      return expression.term.matches
    case 'not': {
      const operand = predicateOf(expression.operand)
      return (record) => !operand(record)
    }
    case 'and': {
      const operands = expression.operands.map(predicateOf)
      return (record) => operands.every((operand) => operand(record))
    }
    case 'or': {
      const operands = expression.operands.map(predicateOf)
      return (record) => operands.some((operand) => operand(record))
    }
    default:
      return expression satisfies never
  }
}

/** By inode or by name. */
function netnsTerm(cursor: Cursor, names: FilterNames): Term {
  const operator = cursor.comparison('netns', EQUALITY)
  const wanted = cursor.value(
    'the name or inode of a network namespace',
    (word) => number(word) ?? names.netnsInode?.(word),
  )
  return { matches: ({ netns }) => (netns === wanted) === (operator === '=') }
}

type OwnerTest = (operator: Comparison, cursor: Cursor) => (owner: SocketProcess) => boolean

/** Of several owners one is enough; `!=` is the opposite of `=`: no owner is. */
function ownerTerm(cursor: Cursor, name: string, allowed: readonly Comparison[], read: OwnerTest): Term {
  const operator = cursor.comparison(name, allowed)
  const test = read(operator === '!=' ? '=' : operator, cursor)
  if (operator === '!=') return { matches: ({ processes }) => !processes.some(test) }
  return { matches: ({ processes }) => processes.some(test) }
}

const pidTest: OwnerTest = (operator, cursor) => {
  const wanted = cursor.value('a pid', number)
  return ({ pid }) => compare(operator, pid, wanted)
}

const commTest: OwnerTest = (_, cursor) => {
  const matches = glob(cursor.value('a name', text))
  return ({ comm }) => matches(comm)
}

const containerTest: OwnerTest = (_, cursor) => {
  const pattern = cursor.value("a container's name or id", text)
  const matches = glob(pattern)
  // A longer id than is kept names the same container.
  return ({ container, container_name }) =>
    matches(container_name) ||
    matches(container) ||
    (container?.length === 12 && pattern.startsWith(container))
}

function retransmissions({ tcp }: SocketRecord): number | undefined {
  return tcp?.['tcpi_total_retrans']
}

/** 0 before anything was measured: a listener has none. */
function roundTrip({ tcp }: SocketRecord): number | undefined {
  return tcp?.['tcpi_rtt'] || undefined
}
