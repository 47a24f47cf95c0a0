import type { Verdict } from '../../diagnose/verdict.ts'
import { DnsNames } from '../../flow/dns-names.ts'
import type { Endpoint, FlowEvent } from '../../flow/event.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { type NameOf, named, namedEvent, namedFlow } from '../../render/endpoint-name.ts'

/** Flows of which is kept what their server is called, or that it has no name; the oldest leave first. */
const CAPACITY = 65_536

/**
 * Puts names into events and flow records: those that the source itself gives addresses, where they are wanted, and
 * for a server the one that it was asked for by, from DNS answers in the capture.
 *
 * A flow keeps the name it was first given: another site on the same address may be asked for meanwhile.
 */
export class FlowNames {
  readonly dns = new DnsNames()
  /** `undefined` when the source's names are not wanted, or it has none. */
  readonly #recorded: NameOf | undefined
  readonly #servers = new Map<number, string | null>()

  constructor(recorded: NameOf | undefined) {
    this.#recorded = recorded
  }

  event(event: FlowEvent): FlowEvent {
    const shown = this.#recorded === undefined ? event : namedEvent(event, this.#recorded)
    if (this.dns.size === 0) return shown
    const isFromClient = event.sender === 'client'
    const server = isFromClient ? shown.dst : shown.src
    const name = this.#nameOf(event.flow, server, event.at)
    if (name === undefined) return shown
    return isFromClient ? { ...shown, dst: { ...server, name } } : { ...shown, src: { ...server, name } }
  }

  /** The last that is asked of this flow. */
  flow(flow: FlowRecord): FlowRecord {
    const shown = this.#recorded === undefined ? flow : namedFlow(flow, this.#recorded)
    if (this.dns.size === 0) return shown
    const name = this.#server(flow.id, shown.server, flow.start)
    this.#servers.delete(flow.id)
    return name === undefined ? shown : { ...shown, server: { ...shown.server, name } }
  }

  verdict(verdict: Verdict): Verdict {
    const { flow, at } = verdict
    const client = this.#recorded === undefined ? verdict.client : named(verdict.client, this.#recorded)
    const server = this.#recorded === undefined ? verdict.server : named(verdict.server, this.#recorded)
    if (this.dns.size === 0) return { ...verdict, client, server }
    const name = this.#nameOf(flow, server, at)
    return { ...verdict, client, server: name === undefined ? server : { ...server, name } }
  }

  /** The latest name of an address, for what is neither event nor record. */
  latest(address: string): string | undefined {
    return this.#recorded?.(address) ?? this.dns.latest(address)
  }

  /** Without a flow: of an attempt whose packets were not seen. */
  #nameOf(flow: number | undefined, server: Endpoint, at: number): string | undefined {
    return flow === undefined ? this.dns.find(server.addr, at) : this.#server(flow, server, at)
  }

  /** `undefined` when the server has its name already, or none. */
  #server(flow: number, server: Endpoint, at: number): string | undefined {
    if (server.name !== undefined) return undefined
    const kept = this.#servers.get(flow)
    if (kept !== undefined) return kept ?? undefined
    const name = this.dns.find(server.addr, at)
    this.#servers.set(flow, name ?? null)
    if (this.#servers.size > CAPACITY)
      for (const oldest of this.#servers.keys()) {
        this.#servers.delete(oldest)
        break
      }
    return name
  }
}
