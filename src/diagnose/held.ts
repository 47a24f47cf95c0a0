import type { Endpoint } from '../flow/event.ts'
import { NANOS_PER_MS, type Nanos } from '../flow/time.ts'
import type { Case } from './case.ts'
import type { Verdict } from './verdict.ts'
import { SUPERSEDED_WITHIN } from './winners.ts'

/** A process that dials the same address again after this long, and no other, has none to fall back to. */
const RETRIES_AFTER = 250 * NANOS_PER_MS
/** How often it is looked whether the processes still live. */
const PACE = 50 * NANOS_PER_MS

export interface HeldVerdict {
  readonly found: Case
  readonly server: Endpoint
  /** Who dialled. */
  readonly pid: number
  /** When it was judged. */
  readonly at: Nanos
  readonly given: Pick<Verdict, 'verdict' | 'final'>
  /** Absent where nobody takes it. */
  readonly whole: Verdict | undefined
}

interface Entry {
  readonly held: HeldVerdict
  /** Its process dialled another address on the same port since. */
  fellBack: boolean
}

/**
 * Verdicts on attempts that failed, while their process may yet reach the same port at another address: until it
 * exits, tries the same address again, or has had its two seconds.
 */
export class Held {
  readonly #isAlive: (pid: number) => boolean
  /** By case, in order of time. */
  readonly #all = new Map<Case, Entry>()
  /** By process and port. */
  readonly #byDialler = new Map<string, Set<Entry>>()
  #nextLook = Number.NEGATIVE_INFINITY

  constructor(isAlive: (pid: number) => boolean) {
    this.#isAlive = isAlive
  }

  /** Who dialled, while the verdict on the case is kept back. */
  pidOf(found: Case): number | undefined {
    return this.#all.get(found)?.held.pid
  }

  /** Keeps the verdict back; false when nothing can supersede the attempt any more. */
  hold(held: HeldVerdict): boolean {
    const { found, server, pid, at } = held
    if (at - found.start > SUPERSEDED_WITHIN || !this.#isAlive(pid)) return false
    const entry = { held, fellBack: false }
    this.#all.set(found, entry)
    const key = keyOf(pid, server.port)
    const others = this.#byDialler.get(key)
    if (others === undefined) this.#byDialler.set(key, new Set([entry]))
    else others.add(entry)
    return true
  }

  /** A process dials: gives the cases that this settles. */
  dialled(pid: number, { addr, port }: Endpoint, at: Nanos): readonly Case[] {
    const settled: Case[] = []
    for (const entry of this.#byDialler.get(keyOf(pid, port)) ?? []) {
      const { found, server, at: judged } = entry.held
      if (server.addr !== addr) entry.fellBack = true
      else if (!entry.fellBack && at - judged > RETRIES_AFTER) settled.push(found)
    }
    return settled
  }

  /** Cases whose attempts nothing supersedes any more. */
  due(now: Nanos): readonly Case[] {
    if (this.#all.size === 0 || now < this.#nextLook) return []
    this.#nextLook = now + PACE
    const lives = new Map<number, boolean>()
    const due: Case[] = []
    for (const { held } of this.#all.values()) {
      const { found, pid } = held
      const alive = lives.get(pid) ?? this.#isAlive(pid)
      lives.set(pid, alive)
      if (!alive || now - found.start > SUPERSEDED_WITHIN) due.push(found)
    }
    return due
  }

  /** Holds it no longer: the verdict that was kept back. */
  release(found: Case): HeldVerdict | undefined {
    const entry = this.#all.get(found)
    if (entry === undefined) return undefined
    this.#all.delete(found)
    const key = keyOf(entry.held.pid, entry.held.server.port)
    const others = this.#byDialler.get(key)
    others?.delete(entry)
    if (others?.size === 0) this.#byDialler.delete(key)
    return entry.held
  }
}

function keyOf(pid: number, port: number): string {
  return `${pid} ${port}`
}
