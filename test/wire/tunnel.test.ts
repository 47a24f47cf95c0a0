import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress } from '../../src/wire/address.ts'
import { KIND_ICMP, KIND_OTHER_IP, KIND_TCP, KIND_UDP, PacketStack } from '../../src/wire/stack.ts'
import { frameOf } from './header-suite.ts'
import * as make from './packets.ts'

const ETHERNET = 1
const TEXT = Uint8Array.of(104, 101, 108, 108, 111)
const INNER = { source: 0xc0a80001, destination: 0xc0a80002 }
const TCP4 = make.ipv4(6, make.tcp(TEXT), INNER)
const TCP6 = make.ipv6(6, make.tcp(TEXT))
const ETHERNET4 = make.ethernet(0x0800, TCP4)

const stack = new PacketStack()
const walk = (bytes: Uint8Array, linkType = ETHERNET, original = bytes.length): number =>
  stack.walk(frameOf(bytes, original), linkType)
const over4 = (
  protocol: number,
  payload: Uint8Array,
  fields: Parameters<typeof make.ipv4>[2] = {},
): Uint8Array => make.ethernet(0x0800, make.ipv4(protocol, payload, fields))

const tunnels: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['IPIP', over4(4, TCP4)],
  ['IPv4 in IPv6', make.ethernet(0x86dd, make.ipv6(4, TCP4))],
  ['IPIP behind AH', over4(51, make.extension(51, TCP4, { nextHeader: 4 }))],
  ['GRE', over4(47, make.gre(0x0800, TCP4))],
  ['GRE with key', over4(47, make.gre(0x6558, ETHERNET4, 99))],
  ['PPP in GRE', over4(47, make.gre(0x880b, make.ppp(0x0021, TCP4)))],
  ['MPLS in GRE', over4(47, make.gre(0x8847, make.mpls(16, true, TCP4)))],
  ['MPLS in IP', over4(137, make.mpls(16, true, TCP4))],
  ['VXLAN', over4(17, make.vxlan(7, ETHERNET4))],
  ['VXLAN over IPv6', make.ethernet(0x86dd, make.ipv6(17, make.vxlan(7, ETHERNET4)))],
  ['GENEVE', over4(17, make.geneve(7, 0x6558, ETHERNET4))],
  ['GENEVE without Ethernet', over4(17, make.geneve(7, 0x0800, TCP4))],
  ['GTP-U', over4(17, make.gtp(7, TCP4))],
  ['L2TP', over4(17, make.l2tp(make.ppp(0x0021, TCP4)))],
  ['IPIP in VXLAN', over4(17, make.vxlan(7, over4(4, TCP4)))],
]
for (const [name, bytes] of tunnels)
  test(`tunnel: ${name}`, () => {
    assert.equal(walk(bytes), KIND_TCP)
    assert.deepEqual(
      [formatAddress(stack.family, stack.source), formatAddress(stack.family, stack.destination)],
      ['192.168.0.1', '192.168.0.2'],
    )
    assert.deepEqual([stack.sourcePort, stack.destinationPort, stack.payloadLength], [40000, 80, 5])
    assert.ok(stack.tunnel > 0 && stack.tunnel <= 0xffff)
  })

test('tunnel: 6in4', () => {
  assert.equal(walk(over4(41, TCP6)), KIND_TCP)
  assert.equal(stack.family, 6)
})

test('link layers that are no tunnels leave the number 0', () => {
  walk(over4(4, TCP4))
  for (const [linkType, bytes] of [
    [ETHERNET, make.ethernet(0x0800, TCP4)],
    [ETHERNET, make.ethernet(0x8847, make.mpls(16, false, make.mpls(17, true, TCP4)))],
    [ETHERNET, make.ethernet(0x8848, make.mpls(17, true, TCP6))],
    [ETHERNET, make.ethernet(0x8864, make.pppoe(make.ppp(0x0021, TCP4)))],
    [ETHERNET, make.ethernet(0x88e7, Uint8Array.of(0, 0, 0, 1, ...ETHERNET4))],
    [9, make.ppp(0x0021, TCP4)],
    [50, make.ppp(0x0057, TCP6)],
    [51, make.pppoe(make.ppp(0x0021, TCP4))],
    [104, Uint8Array.of(0x0f, 0, 0x08, 0, ...TCP4)],
    [105, make.wlan(make.snap(0x0800, TCP4))],
    [127, make.radiotap(make.wlan(make.snap(0x0800, TCP4)))],
    [192, make.ppi(105, make.wlan(make.snap(0x0800, TCP4)))],
    [192, make.ppi(1, ETHERNET4)],
    [258, Uint8Array.of(12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, ...ETHERNET4)],
  ] as const) {
    assert.equal(walk(bytes, linkType), KIND_TCP, `link type ${linkType}`)
    assert.deepEqual([stack.tunnel, stack.payloadLength], [0, 5])
  }
})

test('the tunnel has the same number both ways, another one between other ends', () => {
  const number = (bytes: Uint8Array): number => {
    assert.equal(walk(bytes), KIND_TCP)
    return stack.tunnel
  }
  const back = { source: make.SERVER, destination: make.CLIENT }
  const other = { source: 0x0a000003 }
  for (const [protocol, payload, answer] of [
    [4, TCP4, TCP4],
    [47, make.gre(0x0800, TCP4), make.gre(0x0800, TCP4, 5)],
    [17, make.gtp(7, TCP4), make.gtp(8, TCP4)],
  ] as const) {
    assert.equal(number(over4(protocol, payload)), number(over4(protocol, answer, back)))
    assert.notEqual(number(over4(protocol, payload)), number(over4(protocol, payload, other)))
  }
  // Neither carriers nor identifiers are the same for a packet and its answer.
  assert.equal(
    number(over4(17, make.geneve(10, 0x6558, ETHERNET4))),
    number(over4(17, make.geneve(11, 0x6558, ETHERNET4), other)),
  )
  assert.equal(number(over4(41, TCP6)), number(over4(41, TCP6, other)))
  assert.notEqual(number(over4(4, TCP4)), number(over4(4, make.ipv4(4, TCP4))), 'a tunnel in a tunnel')
})

test('a tunnel whose inside cannot be told is told as the packet that carries it', () => {
  const arp = make.ethernet(0x0806, new Uint8Array(28))
  assert.equal(walk(over4(17, make.vxlan(7, arp))), KIND_UDP)
  assert.deepEqual([stack.tunnel, stack.destinationPort], [0, 4789])
  assert.equal(walk(over4(17, make.udpTo(4789, TEXT))), KIND_UDP, 'the port alone makes no tunnel')
  assert.equal(walk(over4(4, TCP4.subarray(0, 30))), KIND_OTHER_IP)
  assert.deepEqual([stack.protocol, stack.payloadLength, stack.tunnel], [4, 30, 0])
  assert.equal(formatAddress(4, stack.source), '10.0.0.1')
  assert.equal(walk(over4(47, make.gre(0x0806, TEXT))), KIND_OTHER_IP)
  assert.equal(walk(over4(4, TCP4)), KIND_TCP, 'the next packet is entered again')
})

test('what is in a tunnel ends where the tunnel says', () => {
  const long = make.ipv4(6, make.tcp(TEXT), { ...INNER, totalLength: 1000 })
  assert.equal(walk(over4(4, long)), KIND_TCP)
  assert.equal(stack.payloadLength, 5)
  assert.equal(walk(over4(4, long, { totalLength: 1020 }), ETHERNET, 1034), KIND_TCP)
  assert.deepEqual([stack.payloadLength, stack.payloadCaptured], [960, 5])
})

test('ICMP errors in a tunnel quote packets of the tunnel', () => {
  const error = make.ipv4(1, make.icmp(TCP4, 3, 1), INNER)
  assert.equal(walk(over4(4, error)), KIND_ICMP)
  assert.deepEqual([stack.quoted.valid, stack.quoted.sourcePort], [1, 40000])
})

test('tunnels are entered eight deep and no deeper', () => {
  const nested = (depth: number): Uint8Array => {
    let packet = TCP4
    for (let i = 0; i < depth; i++) packet = make.ipv4(4, packet)
    return make.ethernet(0x0800, packet)
  }
  assert.equal(walk(nested(8)), KIND_TCP)
  assert.equal(walk(nested(9)), KIND_OTHER_IP)
  assert.equal(walk(nested(1000)), KIND_OTHER_IP)
})
