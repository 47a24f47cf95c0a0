import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import { countSynQueues } from '../../src/sockets/syn-queue.ts'
import { tcpSocket } from '../support/socket-fixtures.ts'

const tcp = (addr: string, state: 'LISTEN' | 'SYN_RECV', inode: number, iface?: string): SocketRecord =>
  tcpSocket({
    family: addr.includes(':') ? 'inet6' : 'inet',
    state,
    local: { addr, port: 80 },
    inode,
    ...(iface !== undefined && { iface }),
    ...(state === 'LISTEN' && { listen: { accept_queue: 0, backlog: 5 } }),
  })

/** `syn_queue` of the listeners at `addrs` for requests at `requests`. */
function counted(addrs: readonly string[], ...requests: string[]): (number | undefined)[] {
  const listeners = addrs.map((addr, index) => tcp(addr, 'LISTEN', 100 + index))
  countSynQueues([...listeners, ...requests.map((addr) => tcp(addr, 'SYN_RECV', 0))])
  return listeners.map(({ listen }) => listen?.syn_queue)
}

for (const [name, addrs, requests, expected] of [
  ['none', ['10.0.0.1'], [], [0]],
  ['own address', ['10.0.0.1', '10.0.0.2'], ['10.0.0.2', '10.0.0.2'], [0, 2]],
  ['wildcard', ['0.0.0.0'], ['10.0.0.2'], [1]],
  ['own address before the wildcard', ['0.0.0.0', '10.0.0.2'], ['10.0.0.2'], [0, 1]],
  ['dual stack', ['::'], ['10.0.0.2', '::ffff:10.0.0.3', '2001:db8::1'], [3]],
  ['own family before dual stack', ['::', '0.0.0.0'], ['10.0.0.2'], [0, 1]],
  [
    'shared (SO_REUSEPORT): not known',
    ['0.0.0.0', '0.0.0.0'],
    ['10.0.0.2', '10.0.0.3'],
    [undefined, undefined],
  ],
  ['shared and empty: known', ['0.0.0.0', '0.0.0.0'], [], [0, 0]],
  ['no listener any more', [], ['10.0.0.2'], []],
] as const)
  test(name, () => {
    assert.deepEqual(counted(addrs, ...requests), expected)
  })

test('the bound device counts', () => {
  const bound = tcp('0.0.0.0', 'LISTEN', 1, 'eth0')
  const free = tcp('0.0.0.0', 'LISTEN', 2)
  countSynQueues([bound, free, tcp('10.0.0.1', 'SYN_RECV', 0, 'eth0'), tcp('10.0.0.1', 'SYN_RECV', 0)])
  assert.deepEqual([bound.listen?.syn_queue, free.listen?.syn_queue], [1, 1])
})

test('a full socket in SYN_RECV (simultaneous open) is no request', () => {
  const listener = tcp('0.0.0.0', 'LISTEN', 1)
  countSynQueues([listener, tcp('10.0.0.1', 'SYN_RECV', 33)])
  assert.equal(listener.listen?.syn_queue, 0)
})
