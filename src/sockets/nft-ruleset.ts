/** One rule as `nft -a list ruleset` shows it: its text without the handle, and the same in words. */
export interface NftRule {
  readonly handle: number
  readonly text: string
  readonly words: readonly string[]
}

export interface NftChain {
  readonly name: string
  readonly rules: NftRule[]
  /** A base chain's place; a chain without one is only jumped to. */
  base?: NftBase
}

export interface NftBase {
  readonly hook: string
  readonly priority: number
  readonly policy: 'accept' | 'drop'
  /** Hooks of one device (`ingress`, `egress`) only. */
  readonly devices: readonly string[]
  readonly text: string
}

export interface NftTable {
  readonly family: string
  readonly name: string
  /** Switched off: none of its chains sees a packet. */
  dormant: boolean
  readonly chains: Map<string, NftChain>
  /** Elements of sets and maps by name, each in words. */
  readonly sets: Map<string, readonly (readonly string[])[]>
}

/** Names of priorities; -y asks for numbers, older versions print names all the same. */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
}

/** Quoted strings, brackets and commas by themselves, everything else up to a blank. */
const WORD = /"[^"]*"|[{},]|[^\s{},"]+/g

export function wordsOf(text: string): string[] {
  return text.match(WORD) ?? []
}

/** Reads `nft -a list ruleset`. What is not a table, chain, rule, set or map is passed over. */
export function parseNftRuleset(text: string): NftTable[] {
  const tables: NftTable[] = []
  let table: NftTable | undefined
  let chain: NftChain | undefined
  let set: string | undefined
  for (const line of logicalLines(text)) {
    const words = wordsOf(line)
    const opens = /\{(?: # handle \d+)?$/.test(line)
    if (opens && words[0] === 'table') {
      table = { family: words[1]!, name: words[2]!, dormant: false, chains: new Map(), sets: new Map() }
      tables.push(table)
    } else if (table === undefined) continue
    else if (opens && chain === undefined && set === undefined) {
      if (words[0] === 'chain') {
        chain = { name: words[1]!, rules: [] }
        table.chains.set(chain.name, chain)
        // Any other object (counter, flowtable, …) is skipped as a set without elements.
      } else set = words[0] === 'set' || words[0] === 'map' ? words[1]! : ''
    } else if (line === '}') {
      if (chain === undefined && set === undefined) table = undefined
      chain = undefined
      set = undefined
    } else if (chain !== undefined) addToChain(chain, line, words)
    else if (set !== undefined && words[0] === 'elements') table.sets.set(set, listOf(words.slice(2)))
    else if (set === undefined && /^flags .*\bdormant\b/.test(line)) table.dormant = true
  }
  return tables
}

/** The elements between brackets, each in words. */
export function listOf(words: readonly string[]): string[][] {
  const elements: string[][] = []
  let element: string[] = []
  for (const word of words) {
    if (word === '{') continue
    if (word === ',' || word === '}') {
      if (element.length > 0) elements.push(element)
      element = []
      if (word === '}') break
    } else element.push(word)
  }
  return elements
}

function addToChain(chain: NftChain, line: string, words: readonly string[]): void {
  if (words[0] === 'type' && words[2] === 'hook') {
    const priority = /priority (\S+?)(?: ([+-]) (\d+))?;/.exec(line)
    const named = PRIORITIES[priority?.[1] ?? ''] ?? Number(priority?.[1] ?? 0)
    const offset = Number(priority?.[3] ?? 0) * (priority?.[2] === '-' ? -1 : 1)
    const devices = /devices? (?:= )?(\{[^}]*\}|"[^"]*"|\S+)/.exec(line)?.[1]
    chain.base = {
      hook: words[3]!,
      priority: named + offset,
      policy: /policy drop;/.test(line) ? 'drop' : 'accept',
      devices: wordsOf(devices ?? '').flatMap((word) => (/^[{},]$/.test(word) ? [] : [unquote(word)])),
      text: line,
    }
    return
  }
  const rule = /^(.*?)\s*# handle (\d+)$/.exec(line)
  if (rule === null) return
  chain.rules.push({ handle: Number(rule[2]), text: rule[1]!, words: wordsOf(rule[1]!) })
}

export function unquote(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1) : word
}

/** Lines without indentation; what nft breaks inside brackets (long sets) is one line again. */
function* logicalLines(text: string): Generator<string> {
  let parts: string[] = []
  let depth = 0
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '') continue
    // A block's own bracket ends the line, before its handle.
    const block = depth === 0 && /\{(?: # handle \d+)?$/.test(line) && !/^elements = /.test(line)
    if (block || (depth === 0 && line === '}')) {
      yield line
      continue
    }
    for (const word of wordsOf(line)) depth += word === '{' ? 1 : word === '}' ? -1 : 0
    parts.push(line)
    if (depth > 0) continue
    yield parts.join(' ')
    parts = []
    depth = 0
  }
}
