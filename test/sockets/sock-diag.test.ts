import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type DiagContext,
  joinUnixPeers,
  parseInetDiag,
  parseUnixDiag,
  unixPath,
} from '../../src/sockets/sock-diag.ts'
import type { Netid, SocketRecord } from '../../src/sockets/socket.ts'
import { attribute, inetMessage, unixMessage, words } from '../support/diag-message.ts'

const context: DiagContext = {
  netns: 4026531833,
  interfaceName: (index) => (index === 2 ? 'eth0' : undefined),
  userName: (uid) => (uid === 33 ? 'www-data' : undefined),
  decode: (view, start, end) => Buffer.from(view.buffer, start, end - start).toString('utf8'),
}

const inet = (view: DataView, netid: Netid = 'tcp'): SocketRecord | undefined =>
  parseInetDiag(view, 0, view.byteLength, netid, context)
const unix = (view: DataView): SocketRecord | undefined => parseUnixDiag(view, 0, view.byteLength, context)

const ESTABLISHED = inetMessage({
  family: 2,
  state: 1,
  source: [0x0a000001],
  sourcePort: 443,
  destination: [0xc0000207],
  destinationPort: 50_000,
  timer: 2,
  retrans: 3,
  expires: 62_000,
  receive: 7,
  send: 9,
  uid: 33,
  inode: 1234,
  iface: 2,
  cookie: [0x4a, 0x1],
  attributes: [attribute(8, Uint8Array.of(0)), attribute(15, words(0x1f)), attribute(21, words(1, 0))],
})

test('an established IPv4 connection with every field', () => {
  assert.deepEqual(inet(ESTABLISHED), {
    type: 'socket',
    netid: 'tcp',
    family: 'inet',
    state: 'ESTABLISHED',
    recv_q: 7,
    send_q: 9,
    local: { addr: '10.0.0.1', port: 443 },
    remote: { addr: '192.0.2.7', port: 50_000 },
    iface: 'eth0',
    uid: 33,
    user: 'www-data',
    inode: 1234,
    cookie: '10000004a',
    netns: 4026531833,
    mark: 0x1f,
    processes: [],
    timer: { name: 'keepalive', expires_ms: 62_000, retrans: 3 },
  })
})

test('a dual-stack listener: queue, backlog, v6only', () => {
  const listener = inet(
    inetMessage({
      family: 10,
      state: 10,
      source: [0, 0, 0, 0],
      sourcePort: 80,
      receive: 2,
      send: 511,
      inode: 5,
      attributes: [attribute(11, Uint8Array.of(0))],
    }),
  )
  assert.deepEqual(listener?.listen, { accept_queue: 2, backlog: 511 })
  assert.deepEqual(
    [listener?.state, listener?.v6only, listener?.local, listener?.remote],
    ['LISTEN', false, { addr: '::', port: 80 }, { addr: '::', port: 0 }],
  )
})

test('an IPv4 client of it has a mapped address', () => {
  const mapped = inet(
    inetMessage({ family: 10, state: 1, source: [0, 0, 0xffff, 0x7f000001], sourcePort: 80 }),
  )
  assert.equal(mapped?.local.addr, '::ffff:127.0.0.1')
})

test('without an inode the uid is unknown, not root', () => {
  const request = inet(inetMessage({ family: 2, state: 3, source: [1], sourcePort: 80 }))
  assert.deepEqual(
    [request?.state, request?.inode, request?.uid, request?.user],
    ['SYN_RECV', 0, null, undefined],
  )
})

test('a datagram socket without a peer is UNCONN, a closed TCP socket is CLOSE', () => {
  const closed = inetMessage({ family: 2, state: 7, source: [0], sourcePort: 53 })
  assert.equal(inet(closed, 'udp')?.state, 'UNCONN')
  assert.equal(inet(closed, 'raw')?.state, 'UNCONN')
  assert.equal(inet(closed, 'tcp')?.state, 'CLOSE')
})

test('an interface that is gone keeps its number', () => {
  assert.equal(inet(inetMessage({ family: 2, state: 1, source: [1], sourcePort: 1, iface: 9 }))?.iface, 'if9')
})

for (const [kind, name] of ['', 'on', 'keepalive', 'timewait', 'persist', 'delack', 'unknown'].entries())
  test(`timer ${kind} is ${name || 'none'}`, () => {
    const timer = inet(inetMessage({ family: 2, state: 1, source: [1], sourcePort: 1, timer: kind }))?.timer
    assert.equal(timer?.name ?? '', name)
  })

const NAME = new TextEncoder().encode('/run/a.sock\0')
const LISTENER = unixMessage({
  type: 1,
  state: 10,
  inode: 77,
  attributes: [attribute(0, NAME), attribute(4, words(1, 128)), attribute(7, words(33))],
})

test('a unix listener', () => {
  assert.deepEqual(unix(LISTENER), {
    type: 'socket',
    netid: 'unix',
    family: 'unix',
    socket_type: 'stream',
    state: 'LISTEN',
    recv_q: 1,
    send_q: 128,
    local: { path: '/run/a.sock', inode: 77 },
    remote: { inode: 0 },
    uid: 33,
    user: 'www-data',
    inode: 77,
    cookie: '2a',
    netns: 4026531833,
    processes: [],
    listen: { accept_queue: 1, backlog: 128 },
  })
})

test("unix ends get their peer's path", () => {
  const client = unix(unixMessage({ type: 1, state: 1, inode: 78, attributes: [attribute(2, words(77))] }))!
  const [, joined] = joinUnixPeers([unix(LISTENER)!, client])
  assert.deepEqual(joined?.remote, { inode: 77, path: '/run/a.sock' })
})

for (const [raw, path] of [
  ['/tmp/x\0', '/tmp/x'],
  ['\0abstract', '@abstract'],
  ['\0a\0b\0', '@a@b@'],
  ['', ''],
])
  test(`the path ${JSON.stringify(raw)} is ${JSON.stringify(path)}`, () => {
    assert.equal(unixPath(raw!), path)
  })

test('cut short anywhere: never a throw, and no record without its fixed part', () => {
  for (const [parse, whole, fixed] of [
    [inet, ESTABLISHED, 72],
    [unix, LISTENER, 16],
  ] as const)
    for (let length = 0; length < whole.byteLength; length++) {
      const record = parse(new DataView(whole.buffer.slice(0, length)))
      assert.equal(record === undefined, length < fixed, `${length} bytes`)
    }
})

test('attributes of a wrong length end the attributes, not the record', () => {
  for (const length of [0, 1, 3, 200]) {
    const broken = attribute(15, words(5))
    new DataView(broken.buffer).setUint16(0, length, true)
    const record = inet(
      inetMessage({ family: 2, state: 1, source: [1], sourcePort: 1, attributes: [broken] }),
    )
    assert.equal(record?.mark, undefined)
  }
})

test('an unknown state is left out', () => {
  assert.equal(inet(inetMessage({ family: 2, state: 0, source: [1], sourcePort: 1 })), undefined)
  assert.equal(inet(inetMessage({ family: 2, state: 99, source: [1], sourcePort: 1 })), undefined)
})
