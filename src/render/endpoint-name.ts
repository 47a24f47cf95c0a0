import type { Endpoint, FlowEvent } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'

/** The name of an address (canonical text), where names are wanted and it has one. */
export type NameOf = (address: string) => string | undefined

/** The same endpoint with its name, if it has one. */
export function named<E extends Endpoint>(endpoint: E, nameOf: NameOf): E {
  const name = nameOf(endpoint.addr)
  return name === undefined ? endpoint : { ...endpoint, name }
}

export function namedEvent(event: FlowEvent, nameOf: NameOf): FlowEvent {
  return { ...event, src: named(event.src, nameOf), dst: named(event.dst, nameOf) }
}

export function namedFlow(flow: FlowRecord, nameOf: NameOf): FlowRecord {
  return { ...flow, client: named(flow.client, nameOf), server: named(flow.server, nameOf) }
}
