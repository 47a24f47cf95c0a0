import type { Verdict, VerdictName } from './verdict.ts'

/** Kinds that are counted apart, and attempts that may still get another verdict. */
const MAX_KINDS = 4096
const MAX_OPEN = 4096

/** Verdicts of one name, on connections to one server, of one process. */
export interface FailureCount {
  readonly verdict: VerdictName
  readonly proto: Verdict['proto']
  readonly addr: string
  readonly port: number
  /** Name of the process; `undefined` where it is not known. */
  readonly comm: string | undefined
  count: number
}

/** Counts connections by verdict, peer and process, each once, by its last verdict; in bounded memory. */
export class FailureCounts {
  /** Verdicts of kinds that found no room. */
  others = 0
  readonly #kinds = new Map<string, FailureCount>()
  /** Connections whose verdict was not final, and what they are counted as. */
  readonly #open = new Map<string, FailureCount>()

  add(verdict: Verdict): void {
    const { client, server, proto, final } = verdict
    const connection = `${proto} ${client.addr} ${client.port} ${server.addr} ${server.port}`
    const before = this.#open.get(connection)
    if (before !== undefined) {
      before.count--
      this.#open.delete(connection)
    }
    const kind = this.#kind(verdict)
    if (kind === undefined) {
      this.others++
      return
    }
    kind.count++
    if (final) return
    if (this.#open.size >= MAX_OPEN) this.#open.delete(this.#open.keys().next().value!)
    this.#open.set(connection, kind)
  }

  /** Most frequent first. */
  list(): FailureCount[] {
    return [...this.#kinds.values()].filter(({ count }) => count > 0).sort((a, b) => b.count - a.count)
  }

  #kind({ verdict, proto, server: { addr, port }, process }: Verdict): FailureCount | undefined {
    const comm = process?.client?.comm ?? process?.server?.comm ?? undefined
    const key = `${verdict} ${proto} ${addr} ${port} ${comm}`
    const known = this.#kinds.get(key)
    if (known !== undefined || this.#kinds.size >= MAX_KINDS) return known
    const made = { verdict, proto, addr, port, comm, count: 0 }
    this.#kinds.set(key, made)
    return made
  }
}
