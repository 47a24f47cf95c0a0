import { UserError } from '../user-error.ts'

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='

/** A token and where it stands in the words joined by one space. */
interface Token {
  readonly kind: '(' | ')' | 'and' | 'or' | 'not' | 'compare' | 'word' | 'end'
  readonly text: string
  readonly at: number
}

const OPERATORS: Readonly<Record<string, Token['kind']>> = {
  '(': '(',
  ')': ')',
  '&': 'and',
  '&&': 'and',
  and: 'and',
  '|': 'or',
  '||': 'or',
  or: 'or',
  '!': 'not',
  not: 'not',
}

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '==': '=',
  eq: '=',
  '!=': '!=',
  ne: '!=',
  neq: '!=',
  '<': '<',
  lt: '<',
  '<=': '<=',
  le: '<=',
  leq: '<=',
  '>': '>',
  gt: '>',
  '>=': '>=',
  ge: '>=',
  geq: '>=',
}

/** Words such as `constructor` are in every object, and no operators. */
function kindOf(text: string): Token['kind'] {
  if (Object.hasOwn(OPERATORS, text)) return OPERATORS[text]!
  return Object.hasOwn(COMPARISONS, text) ? 'compare' : 'word'
}

/** Quoted text; a path to the next space or `)`; an operator; any other run. */
const TOKEN = /"([^"]*)"|'([^']*)'|[/@][^\s)]*|&&?|\|\|?|[=!<>]=|[=!<>()]|[^\s=!<>()&|"']+|\S/gy

function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  const space = /\s*/y
  for (let at = 0; ; ) {
    space.lastIndex = at
    space.exec(source)
    at = space.lastIndex
    TOKEN.lastIndex = at
    const match = TOKEN.exec(source)
    if (match === null) return [...tokens, { kind: 'end', text: '', at: source.length }]
    const text = match[1] ?? match[2] ?? match[0]
    const quoted = match[1] !== undefined || match[2] !== undefined
    const kind = quoted ? 'word' : kindOf(text)
    tokens.push({ kind, text, at })
    at = TOKEN.lastIndex
  }
}

/** Parentheses and `not`s inside each other: each is a few calls deep, here and where the tree is walked. */
const MOST_NESTED = 200
/** Of a long filter this much is shown on each side of where reading stopped, characters. */
const SHOWN = 200

const LANGUAGE =
  "the language is that of ss(8), for example: state established '( dport = :443 or sport = :443 )'"

/** What was meant by a bare port or address, or by `port`, in the words of the language. */
function meant(word: string, next: string): string | undefined {
  const port =
    /^:?(\d{1,5})$/.exec(word === 'port' ? next : word)?.[1] ?? (word === 'port' ? '443' : undefined)
  if (port !== undefined) return `who uses port ${port}: 'sport = :${port} or dport = :${port}'`
  if (/^(?:\d+\.){3}\d+(?:\/\d+)?$/.test(word)) return `who is connected to it: 'dst ${word}'`
  return undefined
}

/** A filter as a tree; `Term` is what a predicate of the language says. */
export type Expression<Term> =
  | { readonly kind: 'term'; readonly term: Term }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression<Term>[] }
  | { readonly kind: 'not'; readonly operand: Expression<Term> }

/** One predicate of the language: reads its operator and value from the cursor. */
export type Keyword<Term> = (cursor: Cursor) => Term

/** The tokens of a filter, read from left to right. */
export class Cursor {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(words: readonly string[]) {
    this.#source = words.join(' ')
    this.#tokens = tokenize(this.#source)
  }

  get peek(): Token {
    return this.#tokens[this.#next]!
  }

  take(): Token {
    const token = this.peek
    if (token.kind !== 'end') this.#next++
    return token
  }

  /** Takes the next token when it is the word `text`. */
  takeWord(...texts: string[]): boolean {
    if (this.peek.kind !== 'word' || !texts.includes(this.peek.text)) return false
    this.#next++
    return true
  }

  /** A comparison, `=` when none is written; `allowed` says what the predicate `name` understands. */
  comparison(name: string, allowed: readonly Comparison[]): Comparison {
    if (this.peek.kind !== 'compare') return '='
    const token = this.take()
    const comparison = COMPARISONS[token.text]!
    if (!allowed.includes(comparison)) this.fail(`"${name}" takes only ${allowed.join(' or ')}`, token.at)
    return comparison
  }

  /** The next word as a value, turned into `T`; `expected` names what should stand there. */
  value<T>(expected: string, read: (text: string) => T | undefined): T {
    const token = this.take()
    // `dev lo and …` is fine, but a device may also be called `eq`: a value is whatever word stands there.
    const value = token.kind === 'word' ? read(token.text) : undefined
    if (value === undefined) this.fail(`expected ${expected}`, token.at)
    return value
  }

  /** One line, as every error: the `^` stands in front of the character where reading stopped. */
  fail(problem: string, at: number, hint = LANGUAGE): never {
    const before = this.#source.slice(0, at)
    const after = this.#source.slice(at)
    const marked = `${before.length > SHOWN ? `…${before.slice(-SHOWN)}` : before}^${after.length > SHOWN ? `${after.slice(0, SHOWN)}…` : after}`
    throw new UserError(`Cannot read the filter at the ^ in "${marked}": ${problem}`, { hint })
  }
}

/**
 * Parses `or` < `and` < `not`, parentheses, and `and` left out between two predicates.
 * Throws `UserError` that points at the character where reading stopped.
 */
export function parseExpression<Term>(
  cursor: Cursor,
  keywords: ReadonlyMap<string, Keyword<Term>>,
): Expression<Term> {
  let depth = 0

  /** What stands inside the parenthesis or behind the `not` at `at`. */
  function nested(at: number, read: () => Expression<Term>): Expression<Term> {
    if (depth === MOST_NESTED) cursor.fail(`it is nested deeper than ${MOST_NESTED} levels`, at)
    depth++
    const inner = read()
    depth--
    return inner
  }

  function or(): Expression<Term> {
    const operands = [and()]
    while (cursor.peek.kind === 'or') {
      cursor.take()
      operands.push(and())
    }
    return operands.length === 1 ? operands[0]! : { kind: 'or', operands }
  }

  function and(): Expression<Term> {
    const operands = [not()]
    while (!['or', ')', 'end'].includes(cursor.peek.kind)) {
      if (cursor.peek.kind === 'and') cursor.take()
      operands.push(not())
    }
    return operands.length === 1 ? operands[0]! : { kind: 'and', operands }
  }

  function not(): Expression<Term> {
    if (cursor.peek.kind !== 'not') return primary()
    const { at } = cursor.take()
    return { kind: 'not', operand: nested(at, not) }
  }

  function primary(): Expression<Term> {
    const token = cursor.take()
    if (token.kind === '(') {
      const inner = nested(token.at, or)
      const close = cursor.take()
      if (close.kind !== ')') cursor.fail('expected ")"', close.at)
      return inner
    }
    const keyword = token.kind === 'word' ? keywords.get(token.text) : undefined
    if (keyword !== undefined) return { kind: 'term', term: keyword(cursor) }
    if (token.kind === 'end') cursor.fail('it ends where a predicate is expected', token.at)
    const hint = meant(token.text, cursor.peek.text)
    return cursor.fail(`expected one of ${[...keywords.keys()].join(', ')}`, token.at, hint)
  }

  const expression = or()
  if (cursor.peek.kind !== 'end') cursor.fail('nothing is open that this could close', cursor.peek.at)
  return expression
}
