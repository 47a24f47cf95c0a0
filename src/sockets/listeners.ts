import { isLoopback } from '../wire/address.ts'
import type { Exposure, SocketRecord } from './socket.ts'

export function exposureOf({ local: { addr = '' }, iface }: Pick<SocketRecord, 'local' | 'iface'>): Exposure {
  if (isLoopback(addr) || iface === 'lo') return 'loopback'
  return (addr === '0.0.0.0' || addr === '::') && iface === undefined ? 'everywhere' : 'address'
}

/**
 * The listener that a TCP connection came in through: the most specific one on its local address, port, device and
 * namespace; `undefined` for a connection that was made from here.
 */
export function listenerFinder(
  records: Iterable<SocketRecord>,
): (record: SocketRecord) => SocketRecord | undefined {
  const listeners = new Map<string, SocketRecord>()
  for (const record of records)
    if (isTcp(record) && record.state === 'LISTEN') {
      const key = keyOf(record, record.local.addr!, record.iface)
      if (!listeners.has(key)) listeners.set(key, record)
    }
  return (record) => {
    if (!isTcp(record) || record.state === 'LISTEN' || record.local.addr === undefined) return undefined
    for (const iface of record.iface === undefined ? [undefined] : [record.iface, undefined])
      for (const addr of places(record)) {
        const listener = listeners.get(keyOf(record, addr, iface))
        if (listener !== undefined) return listener
      }
    return undefined
  }
}

/** Listeners with the connections that came in through them, in the order of the records; then every other socket. */
export function byListener(records: readonly SocketRecord[]): {
  listeners: Map<SocketRecord, SocketRecord[]>
  others: SocketRecord[]
} {
  const find = listenerFinder(records)
  const listeners = new Map<SocketRecord, SocketRecord[]>()
  const others: SocketRecord[] = []
  for (const record of records) {
    if (record.listen !== undefined || record.state === 'LISTEN') {
      if (!listeners.has(record)) listeners.set(record, [])
      continue
    }
    const listener = find(record)
    if (listener === undefined) others.push(record)
    else {
      const known = listeners.get(listener)
      if (known === undefined) listeners.set(listener, [record])
      else known.push(record)
    }
  }
  return { listeners, others }
}

/** The same as one list: what came in through a listener stands after it and names its cookie. */
export function afterListeners(records: readonly SocketRecord[]): SocketRecord[] {
  const { listeners, others } = byListener(records)
  const inOrder: SocketRecord[] = []
  for (const [listener, connections] of listeners) {
    inOrder.push(listener)
    for (const connection of connections)
      inOrder.push(listener.cookie === null ? connection : { ...connection, listener: listener.cookie })
  }
  for (const record of others) inOrder.push(record)
  return inOrder
}

/** Established, but no process has it yet. */
export function waitsForAccept({ inode, state, netid }: SocketRecord): boolean {
  return netid === 'tcp' && inode === 0 && (state === 'ESTABLISHED' || state === 'CLOSE_WAIT')
}

function isTcp({ netid }: SocketRecord): boolean {
  return netid === 'tcp' || netid === 'mptcp'
}

function keyOf({ netns, netid, local }: SocketRecord, addr: string, iface: string | undefined): string {
  return `${netns} ${netid} ${addr} ${local.port} ${iface ?? ''}`
}

function places({ local: { addr = '' }, family }: SocketRecord): string[] {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(addr)?.[1]
  if (mapped !== undefined) return [addr, mapped, '::']
  return family === 'inet' ? [addr, `::ffff:${addr}`, '0.0.0.0', '::'] : [addr, '::']
}
