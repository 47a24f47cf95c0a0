import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isInRange, parsePortRange, portCount } from '../../src/sockets/port-range.ts'
import {
  neighborRequest,
  parseInterfaceAddress,
  parseNeighbor,
  parseRoute,
  routeRequest,
} from '../../src/sockets/rtnetlink.ts'
import { addPairs, addSingles } from '../../src/sockets/verdict-counters.ts'
import { parseAddress } from '../../src/wire/address.ts'

function view(hex: string): DataView {
  return new DataView(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')).buffer)
}

test('port range: reserved ports are taken off, as far as they are in it', () => {
  const cases = [
    ['32768\t60999', '', 28_232],
    ['', '', 28_232],
    ['40000 40009', '40001', 9],
    ['40000 40009', '1-65535', 0],
    ['40000 40009', '39990-40001,40009-40020,80', 7],
    ['40000 40009', 'nonsense', 10],
  ] as const
  for (const [range, reserved, expected] of cases)
    assert.equal(portCount(parsePortRange(range, reserved)), expected, `${range} without ${reserved}`)
  const range = parsePortRange('40000 40009', '40001')
  assert.deepEqual(
    [39_999, 40_000, 40_001, 40_009, 40_010].map((port) => isInRange(range, port)),
    [false, true, false, true, false],
  )
})

test('route: request and answer byte for byte', () => {
  const to = parseAddress('10.9.0.2')!
  assert.equal(
    Buffer.from(routeRequest({ to, proto: 'tcp', port: 80 })).toString('hex'),
    ['02200000 00000000 00100000', '08000100 0a090002', '05001b00 06000000', '06001d00 00500000']
      .join('')
      .replaceAll(' ', ''),
  )
  // rtmsg of a unicast route, RTA_OIF 5, RTA_GATEWAY 10.9.0.1, RTA_PREFSRC 10.9.0.3
  const answer = view('02200000 fe000001 00020000 08000400 05000000 08000500 0a090001 08000700 0a090003')
  assert.deepEqual(parseRoute(answer, 0, answer.byteLength), {
    kind: 'unicast',
    interface: 5,
    gateway: '10.9.0.1',
    source: '10.9.0.3',
  })
  // RTA_VIA: an IPv4 route through an IPv6 next hop.
  const via = view(`02200000 fe000001 00000000 16001200 0a00 fe80${'00'.repeat(13)}01 0000`)
  assert.equal(parseRoute(via, 0, via.byteLength)?.gateway, 'fe80::1')
  for (let end = 0; end < answer.byteLength; end++) parseRoute(answer, 0, end)
  assert.equal(parseRoute(answer, 0, 11), undefined)
})

test('neighbour: state and address', () => {
  const request = neighborRequest(5, parseAddress('10.9.0.1')!)
  assert.equal(Buffer.from(request).toString('hex'), '02000000050000000000000008000100' + '0a090001')
  const states = [
    ['0100', 'INCOMPLETE'],
    ['0200', 'REACHABLE'],
    ['0400', 'STALE'],
    ['0800', 'DELAY'],
    ['1000', 'PROBE'],
    ['2000', 'FAILED'],
    ['4000', 'NOARP'],
    ['8000', 'PERMANENT'],
    ['0000', 'NONE'],
  ] as const
  for (const [bits, state] of states) {
    const bytes = view(`02000000 05000000 ${bits}0001 0a000200 020000000077 0000`)
    assert.deepEqual(parseNeighbor(bytes, 0, bytes.byteLength), { state, address: '02:00:00:00:00:77' })
  }
  const failed = view('02000000 05000000 20000001')
  assert.deepEqual(parseNeighbor(failed, 0, 12), { state: 'FAILED' })
})

test('address of an interface: the own one of a point-to-point link', () => {
  const link = view('02200000 05000000 08000100 0a090002 08000200 0a090001')
  assert.equal(parseInterfaceAddress(link, 0, link.byteLength), '10.9.0.1')
  const six = view(`0a400000 05000000 14000100 fd09${'00'.repeat(13)}01`)
  assert.equal(parseInterfaceAddress(six, 0, six.byteLength), 'fd09::1')
})

test('counters: those that verdicts turn on, by name, whatever else there is', () => {
  const counters: Record<string, number> = {}
  addPairs(
    'Ip: Forwarding OutNoRoutes\nIp: 2 7\nTcp: RtoMin OutRsts\nTcp: 200 9\nUdpLite: NoPorts\nUdpLite: 5\n',
    counters,
  )
  addPairs('TcpExt: SyncookiesSent ListenDrops\nTcpExt: 1 2\nIpExt: InNoRoutes\nIpExt: 3\n', counters)
  addSingles('Ip6InReceives                   \t120\nIp6OutNoRoutes                  \t4\n', counters)
  assert.deepEqual(counters, {
    OutNoRoutes: 7,
    OutRsts: 9,
    SyncookiesSent: 1,
    ListenDrops: 2,
    Ip6OutNoRoutes: 4,
  })
})
