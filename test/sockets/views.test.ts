import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareListings } from '../../src/sockets/changes.ts'
import { groupSockets } from '../../src/sockets/group.ts'
import { exposureOf, listenerFinder, waitsForAccept } from '../../src/sockets/listeners.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import { SOCKETS } from '../support/socket-fixtures.ts'

const [listener, dualStack, established, timeWait] = SOCKETS as [
  SocketRecord,
  SocketRecord,
  SocketRecord,
  SocketRecord,
]

function tcp(addr: string, port: number, changes: Partial<SocketRecord> = {}): SocketRecord {
  return { ...timeWait, local: { addr, port }, family: addr.includes(':') ? 'inet6' : 'inet', ...changes }
}

test('the listener of a connection: its own address before a wildcard, never another port or namespace', () => {
  const own = tcp('10.0.0.5', 80, { state: 'LISTEN' })
  const find = listenerFinder([listener, dualStack, own])
  assert.equal(find(tcp('10.0.0.5', 80)), own)
  assert.equal(find(tcp('10.0.0.6', 80)), listener)
  assert.equal(find(established), dualStack)
  assert.equal(find(tcp('::ffff:10.0.0.5', 443)), dualStack)
  assert.equal(find(tcp('10.0.0.5', 81)), undefined)
  assert.equal(find(tcp('10.0.0.5', 80, { netns: 7 })), undefined)
  assert.equal(find(listener), undefined)
})

test('who can reach a listener', () => {
  const reach = (addr: string, iface?: string) =>
    exposureOf({ local: { addr }, ...(iface !== undefined && { iface }) })
  assert.deepEqual(
    [
      reach('127.0.0.53'),
      reach('::1'),
      reach('::ffff:127.0.0.1'),
      reach('10.0.0.5'),
      reach('0.0.0.0'),
      reach('::'),
      reach('::', 'eth0'),
      reach('0.0.0.0', 'lo'),
    ],
    ['loopback', 'loopback', 'loopback', 'address', 'everywhere', 'everywhere', 'address', 'loopback'],
  )
})

test('waiting to be accepted: established, and nobody has it', () => {
  assert.equal(waitsForAccept({ ...established, inode: 0 }), true)
  assert.equal(waitsForAccept(established), false)
  assert.equal(waitsForAccept(timeWait), false)
})

test('groups: the largest first, a socket of two processes in both, what is not known together', () => {
  const groups = (by: Parameters<typeof groupSockets>[1]) =>
    groupSockets(SOCKETS, by).map(({ key, sockets }) => [key, sockets])
  assert.deepEqual(groups('state'), [
    ['LISTEN', 2],
    ['ESTABLISHED', 2],
    ['TIME_WAIT', 1],
    ['UNCONN', 1],
  ])
  assert.deepEqual(groups('process').slice(0, 2), [
    ['nginx[77]', 2],
    ['nginx[78]', 1],
  ])
  assert.deepEqual(groups('listener'), [
    [null, 3],
    ['[::]:443', 2],
    ['0.0.0.0:80', 1],
  ])
  assert.deepEqual(groups('container'), [[null, 6]])
  // A listener's queues are connections, not bytes.
  assert.equal(groupSockets([listener], 'state')[0]!.send_q, 0)
})

test('frames: what opened, closed and changed; clocks are no change', () => {
  const first = compareListings(undefined, SOCKETS)
  assert.deepEqual([first.opened, first.closed, first.changed], [0, 0, 0])
  const now = [
    listener,
    { ...dualStack, recv_q: 1 },
    { ...timeWait, timer: { name: 'timewait', expires_ms: 1, retrans: 0 } },
    tcp('10.0.0.9', 9, { cookie: 'new' }),
  ]
  const { records, ...counts } = compareListings([listener, dualStack, established, timeWait], now)
  assert.deepEqual(counts, { opened: 1, closed: 1, changed: 1 })
  assert.deepEqual(
    records.map(({ change }) => change),
    [undefined, 'changed', undefined, 'opened', 'closed'],
  )
})
