import { readFileSync } from 'node:fs'
import { addPairs, addSingles } from '../../sockets/verdict-counters.ts'
import type { Namespaces } from '../namespaces.ts'

const NET = '/proc/thread-self/net'
/** Counters of one namespace are read again after this, ms: reading them takes about 0.15 ms. */
const AGE = 10
/** Namespaces come and go; beyond this many all are read anew. */
const CAPACITY = 1024

export type NetCounters = Readonly<Record<string, number>>

/** The counters of network namespaces that verdicts turn on. */
export class NetCounterReader {
  readonly #namespaces: Namespaces
  readonly #known = new Map<number | undefined, { readonly at: number; readonly counters: NetCounters }>()

  constructor(namespaces: Namespaces) {
    this.#namespaces = namespaces
  }

  /** Those of a namespace by its inode, of the own one by default; `undefined` when it may not be entered. */
  read(netns?: number): NetCounters | undefined {
    const now = performance.now()
    const known = this.#known.get(netns)
    if (known !== undefined && now - known.at < AGE) return known.counters
    const counters = this.#namespaces.inside(netns, readHere)
    if (counters === undefined) return undefined
    if (this.#known.size >= CAPACITY) this.#known.clear()
    this.#known.set(netns, { at: now, counters })
    return counters
  }
}

function readHere(): NetCounters | undefined {
  const counters: Record<string, number> = {}
  try {
    addPairs(readFileSync(`${NET}/snmp`, 'utf8'), counters)
    addPairs(readFileSync(`${NET}/netstat`, 'utf8'), counters)
    // Not there without IPv6.
    addSingles(readFileSync(`${NET}/snmp6`, 'utf8'), counters)
  } catch {}
  return Object.keys(counters).length === 0 ? undefined : counters
}
