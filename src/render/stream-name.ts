import type { TraceClock } from './time.ts'

/** A flow as the name of its files tells it. */
export interface NamedFlow {
  readonly id: number
  readonly start: number
  readonly client: { readonly addr: string; readonly port: number }
  readonly server: { readonly addr: string; readonly port: number }
}

/**
 * `000012-20231114T221320.123456-10.0.0.1.48448-10.0.0.2.80-client.bin`: the flow's id, when it began (UTC), its
 * client, its server, and whose bytes are in it. Names sort in order of time. The colons of IPv6 addresses become
 * `_`, which file systems everywhere accept.
 */
export function streamFileName(flow: NamedFlow, fromClient: boolean, clock: TraceClock): string {
  const [, day, second, micros] = /^(.*)T(.*)\.(\d{6})/.exec(clock.rfc3339(flow.start))!
  const began = `${day!.replaceAll('-', '')}T${second!.replaceAll(':', '')}.${micros}`
  const [client, server] = [flow.client, flow.server].map(
    ({ addr, port }) => `${addr.replaceAll(':', '_')}.${port}`,
  )
  const side = fromClient ? 'client' : 'server'
  return `${String(flow.id).padStart(6, '0')}-${began}-${client}-${server}-${side}.bin`
}
