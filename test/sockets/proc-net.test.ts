import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ProcNetContext, parseProcInet, parseProcUnix } from '../../src/sockets/proc-net.ts'

const context: ProcNetContext = { netns: 1, userName: (uid) => (uid === 1000 ? 'user' : undefined) }

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0200007F:C350 03 00000000:00000000 01:00000064 00000002     0        0 0 1 0000000000000000
   2: nonsense
`
const TCP6 = `  sl  local_address
   0: B80D0120000000000000000001000000:0050 0000000000000000FFFF00000100007F:C350 01 0000000A:0000000B 02:00000BB8 00000000  0        0 7 2
`
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/with space.sock
0000000000000000: 00000003 00000000 00000000 0001 03 12
0000000000000000: 00000002 00000000 00000000 0002 01 13 @abstract@name
0000000000000000: 00000002 00000000 00000000 0005 01 14
`

test('tcp: a listener, a half-open request with its timer, a line that is not understood', () => {
  const [listener, request, ...rest] = parseProcInet(TCP, 'tcp', context)
  assert.deepEqual(rest, [])
  assert.deepEqual(listener, {
    type: 'socket',
    netid: 'tcp',
    family: 'inet',
    state: 'LISTEN',
    recv_q: 2,
    send_q: 0,
    local: { addr: '127.0.0.1', port: 8080 },
    remote: { addr: '0.0.0.0', port: 0 },
    uid: 1000,
    user: 'user',
    inode: 4242,
    cookie: null,
    netns: 1,
    processes: [],
  })
  assert.deepEqual(
    [request?.state, request?.uid, request?.remote, request?.timer],
    ['SYN_RECV', null, { addr: '127.0.0.2', port: 50_000 }, { name: 'on', expires_ms: 1000, retrans: 2 }],
  )
})

test('tcp6: words in host order, mapped addresses', () => {
  const [record] = parseProcInet(TCP6, 'tcp', context)
  assert.equal(record?.family, 'inet6')
  assert.deepEqual(record?.local, { addr: '2001:db8::1', port: 80 })
  assert.deepEqual(record?.remote, { addr: '::ffff:127.0.0.1', port: 50_000 })
  assert.deepEqual([record?.recv_q, record?.send_q, record?.timer?.expires_ms], [11, 10, 30_000])
})

test('unix: states, types, paths with spaces', () => {
  assert.deepEqual(
    parseProcUnix(UNIX, context).map(({ state, socket_type, local }) => [state, socket_type, local]),
    [
      ['LISTEN', 'stream', { path: '/run/with space.sock', inode: 11 }],
      ['ESTABLISHED', 'stream', { inode: 12 }],
      ['UNCONN', 'dgram', { path: '@abstract@name', inode: 13 }],
      ['CLOSE', 'seqpacket', { inode: 14 }],
    ],
  )
})

test('cut short anywhere, no line throws', () => {
  for (const text of [TCP, TCP6, UNIX])
    for (let length = 0; length <= text.length; length++) {
      parseProcInet(text.slice(0, length), 'udp', context)
      parseProcUnix(text.slice(0, length), context)
    }
})
