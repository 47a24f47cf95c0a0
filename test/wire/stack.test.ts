import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatAddress } from '../../src/wire/address.ts'
import {
  KIND_FRAGMENT,
  KIND_ICMP,
  KIND_MALFORMED,
  KIND_NOT_IP,
  KIND_OTHER_IP,
  KIND_TCP,
  KIND_UDP,
  KIND_UNKNOWN_LINK,
  PacketStack,
  REASONS,
} from '../../src/wire/stack.ts'
import { HAS_MSS } from '../../src/wire/tcp-option-numbers.ts'
import { frameOf } from './header-suite.ts'
import * as make from './packets.ts'

const ETHERNET = 1
const TEXT = Uint8Array.of(104, 101, 108, 108, 111)

const stack = new PacketStack()
const walk = (bytes: Uint8Array, linkType = ETHERNET, original = bytes.length): number =>
  stack.walk(frameOf(bytes, original), linkType)
const ends = (): string[] => [
  formatAddress(stack.family, stack.source),
  formatAddress(stack.family, stack.destination),
]

const TCP4 = make.ipv4(6, make.tcp(TEXT), {
  ttl: 63,
  identification: 77,
  dontFragment: true,
  trafficClass: 2,
})
const TCP6 = make.ipv6(6, make.tcp(TEXT), { hopLimit: 62, trafficClass: 4 })

test('stack: TCP over IPv4 over Ethernet', () => {
  assert.equal(walk(make.ethernet(0x0800, TCP4)), KIND_TCP)
  assert.equal(stack.kind, KIND_TCP)
  assert.deepEqual(ends(), ['10.0.0.1', '10.0.0.2'])
  assert.deepEqual([...stack.source.subarray(1)], [0, 0, 0])
  assert.deepEqual([stack.ttl, stack.ipId, stack.dontFragment, stack.trafficClass], [63, 77, 1, 2])
  assert.deepEqual([stack.protocol, stack.sourcePort, stack.destinationPort], [6, 40000, 80])
  assert.deepEqual([stack.payloadLength, stack.payloadCaptured], [5, 5])
  const { start } = frameOf(TCP4)
  assert.deepEqual(
    [stack.networkOffset, stack.transportOffset, stack.payloadOffset].map((offset) => offset - start),
    [14, 34, 54],
  )
  assert.equal(stack.tcp.sequence, 1000)
})

test('stack: TCP over IPv6 after TCP over IPv4 leaves nothing behind', () => {
  walk(make.ethernet(0x0800, TCP4))
  assert.equal(walk(make.ethernet(0x86dd, TCP6)), KIND_TCP)
  assert.deepEqual(ends(), ['2001:db8::1', '2001:db8::2'])
  assert.deepEqual([stack.ttl, stack.ipId, stack.dontFragment, stack.trafficClass], [62, 0, 0, 4])
  walk(make.ethernet(0x0800, TCP4))
  assert.deepEqual(ends(), ['10.0.0.1', '10.0.0.2'])
  walk(make.ethernet(0x0806, new Uint8Array(28)))
  const { family, protocol, sourcePort, payloadLength } = stack
  assert.deepEqual([family, protocol, sourcePort, payloadLength], [0, 0, 0, 0])
})

test('stack: every link header leads to the same packet', () => {
  const links: readonly (readonly [linkType: number, bytes: Uint8Array])[] = [
    [ETHERNET, make.ethernet(0x8100, make.vlan(5, 0x0800, TCP4))],
    [ETHERNET, make.ethernet(0x88a8, make.vlan(5, 0x8100, make.vlan(6, 0x0800, TCP4)))],
    [ETHERNET, make.ethernet(0x9100, make.vlan(5, 0x9200, make.vlan(6, 0x0800, TCP4)))],
    [ETHERNET, make.ethernet(TCP4.length + 8, make.snap(0x0800, TCP4))],
    [0, make.bsdLoopback(2, false, TCP4)],
    [0, make.bsdLoopback(2, true, TCP4)],
    [108, make.bsdLoopback(2, false, TCP4)],
    [12, TCP4],
    [14, TCP4],
    [101, TCP4],
    [228, TCP4],
    [113, make.sll(772, 0x0800, TCP4)],
    [113, make.sll(1, 0x8100, make.vlan(5, 0x0800, TCP4))],
    [276, make.sll2(772, 0x0800, TCP4)],
  ]
  for (const [linkType, bytes] of links) {
    assert.equal(walk(bytes, linkType), KIND_TCP, `link type ${linkType}`)
    assert.deepEqual([...ends(), stack.payloadLength], ['10.0.0.1', '10.0.0.2', 5])
  }
  for (const [linkType, bytes] of [
    [101, TCP6],
    [229, TCP6],
    [0, make.bsdLoopback(30, true, TCP6)],
  ] as const) {
    assert.equal(walk(bytes, linkType), KIND_TCP, `link type ${linkType}`)
    assert.equal(stack.family, 6)
  }
})

test('stack: what is not IP, and link types that are not read', () => {
  assert.equal(walk(make.ethernet(0x0806, new Uint8Array(28))), KIND_NOT_IP)
  assert.equal(walk(make.ethernet(38, new Uint8Array(38))), KIND_NOT_IP)
  assert.equal(walk(make.sll(824, 0x0800, TCP4), 113), KIND_NOT_IP)
  assert.equal(walk(Uint8Array.of(0x10, 0), 101), KIND_NOT_IP)
  assert.equal(walk(TCP4, 999), KIND_UNKNOWN_LINK)
})

test('stack: Ethernet padding is no payload', () => {
  const empty = make.ipv4(6, make.tcp(new Uint8Array(0)))
  assert.equal(walk(make.ethernet(0x0800, Uint8Array.of(...empty, ...new Uint8Array(6)))), KIND_TCP)
  assert.deepEqual([stack.payloadLength, stack.payloadCaptured], [0, 0])
})

test('stack: an IP length of 0 means all of the frame', () => {
  assert.equal(
    walk(make.ethernet(0x0800, make.ipv4(6, make.tcp(TEXT), { totalLength: 0 })), 1, 70_000),
    KIND_TCP,
  )
  assert.deepEqual([stack.payloadLength, stack.payloadCaptured], [70_000 - 54, 5])
  assert.equal(walk(make.ethernet(0x86dd, make.ipv6(6, make.tcp(TEXT), { payloadLength: 0 }))), KIND_TCP)
  assert.equal(stack.payloadLength, 5)
})

test('stack: a jumbogram has its length in an option', () => {
  const jumbo = make.extension(0, make.tcp(TEXT), { nextHeader: 6, jumboLength: 8 + 20 + 100_000 })
  assert.equal(walk(make.ethernet(0x86dd, make.ipv6(0, jumbo, { payloadLength: 0 })), 1, 100_082), KIND_TCP)
  assert.deepEqual([stack.payloadLength, stack.payloadCaptured], [100_000, 5])
})

test('stack: IPv4 options and TCP options are stepped over', () => {
  const packet = make.ipv4(6, make.tcp(TEXT, { mss: 1460, sackPermitted: true }), { headerLength: 28 })
  assert.equal(walk(make.ethernet(0x0800, packet)), KIND_TCP)
  assert.deepEqual([stack.payloadLength, stack.tcpOptions.mss], [5, 1460])
  assert.ok((stack.tcpOptions.present & HAS_MSS) !== 0)
  walk(make.ethernet(0x0800, TCP4))
  assert.equal(stack.tcpOptions.present, 0)
})

test('stack: IPv6 extension headers are stepped over; ESP and no-next-header end the walk', () => {
  let inner = make.tcp(TEXT)
  let next = 6
  for (const kind of [51, 60, 44, 43, 0]) {
    inner = make.extension(kind, inner, { nextHeader: next, fragmentIdentification: 9 })
    next = kind
  }
  assert.equal(walk(make.ethernet(0x86dd, make.ipv6(0, inner))), KIND_TCP)
  assert.deepEqual([stack.protocol, stack.payloadLength, stack.ipId], [6, 5, 9])
  assert.equal(
    walk(make.ethernet(0x0800, make.ipv4(51, make.extension(51, make.tcp(TEXT), { nextHeader: 6 })))),
    1,
  )
  for (const protocol of [50, 59]) {
    assert.equal(walk(make.ethernet(0x86dd, make.ipv6(protocol, TEXT))), KIND_OTHER_IP)
    assert.deepEqual([stack.protocol, stack.payloadLength], [protocol, 5])
  }
})

test('stack: of a fragment that snaplen cut only the first is read', () => {
  const cut = (fields: Parameters<typeof make.ipv4>[2], original: number): number =>
    walk(make.ethernet(0x0800, make.ipv4(6, make.tcp(TEXT), { totalLength: 1500, ...fields })), 1, original)
  assert.equal(cut({ moreFragments: true }, 1514), KIND_TCP)
  assert.equal(
    cut({ moreFragments: true }, 59),
    KIND_TCP,
    'the same where the sender says more than there is',
  )
  assert.equal(cut({ fragmentOffset: 1480 }, 1514), KIND_FRAGMENT)
  assert.deepEqual([stack.sourcePort, stack.payloadLength], [0, 1480])
})

test('stack: UDP length inside the IP length', () => {
  assert.equal(walk(make.ethernet(0x0800, make.ipv4(17, make.udp(TEXT)))), KIND_UDP)
  assert.deepEqual([stack.destinationPort, stack.payloadLength, stack.payloadCaptured], [53, 5, 5])
  walk(make.ethernet(0x0800, make.ipv4(17, make.udp(TEXT, 11))))
  assert.deepEqual([stack.payloadLength, stack.payloadCaptured], [3, 3])
  walk(make.ethernet(0x0800, make.ipv4(17, make.udp(TEXT, 4000))))
  assert.equal(stack.payloadLength, 5)
})

test('stack: an ICMP error quotes the packet that it is about', () => {
  const quoted = stack.quoted
  const error = make.icmp(TCP4.subarray(0, 28), 3, 3)
  assert.equal(walk(make.ethernet(0x0800, make.ipv4(1, error))), KIND_ICMP)
  assert.deepEqual([stack.icmp.type, stack.icmp.code], [3, 3])
  assert.deepEqual(
    [
      quoted.valid,
      quoted.family,
      quoted.protocol,
      quoted.sourcePort,
      quoted.destinationPort,
      quoted.sequence,
    ],
    [1, 4, 6, 40000, 80, 1000],
  )
  assert.equal(formatAddress(quoted.family, quoted.source), '10.0.0.1')
  const error6 = make.icmp6(make.ipv6(17, make.udp(TEXT)), 1, 4)
  assert.equal(walk(make.ethernet(0x86dd, make.ipv6(58, error6))), KIND_ICMP)
  assert.deepEqual(
    [quoted.valid, quoted.family, quoted.protocol, quoted.destinationPort, quoted.sequence],
    [1, 6, 17, 53, 0],
  )
  assert.equal(formatAddress(quoted.family, quoted.destination), '2001:db8::2')
})

test('stack: a quotation that is too short, or of a later fragment, is not valid', () => {
  const quotes = [TCP4.subarray(0, 27), TCP4.subarray(0, 19), make.ipv4(6, TEXT, { fragmentOffset: 8 }), TEXT]
  for (const quote of quotes) {
    assert.equal(walk(make.ethernet(0x0800, make.ipv4(1, make.icmp(quote, 3, 1)))), KIND_ICMP)
    assert.equal(stack.quoted.valid, 0)
  }
  walk(make.ethernet(0x0800, make.ipv4(1, make.icmp(TCP4, 3, 1))))
  assert.equal(stack.quoted.valid, 1)
  walk(make.ethernet(0x0800, make.ipv4(1, make.icmp(TCP4, 8, 0))))
  assert.equal(stack.quoted.valid, 0, 'an echo quotes nothing')
})

test('stack: malformed packets say why', () => {
  const cases: readonly (readonly [reason: string, bytes: Uint8Array, original?: number])[] = [
    ['truncated or bad link header', new Uint8Array(13)],
    ['truncated or bad link header', make.ethernet(0x8100, Uint8Array.of(0, 5))],
    ['truncated before the end of the IPv4 header', make.ethernet(0x0800, TCP4.subarray(0, 19)), 59],
    ['bad IPv4 header', make.ethernet(0x0800, TCP4.subarray(0, 19))],
    ['bad IPv4 header', make.ethernet(0x0800, TCP6)],
    ['truncated before the end of the IPv6 header', make.ethernet(0x86dd, TCP6.subarray(0, 39)), 79],
    ['bad IPv6 header', make.ethernet(0x86dd, TCP4)],
    ['truncated before the end of an IPv6 extension header', make.ethernet(0x86dd, make.ipv6(0, TEXT))],
    ['truncated before the end of the TCP header', make.ethernet(0x0800, TCP4.subarray(0, 39)), 59],
    ['bad TCP header', make.ethernet(0x0800, make.ipv4(6, TEXT))],
    [
      'truncated before the end of the UDP header',
      make.ethernet(0x0800, make.ipv4(17, TEXT, { totalLength: 60 })),
      74,
    ],
    ['bad UDP header', make.ethernet(0x0800, make.ipv4(17, make.udp(TEXT, 7)))],
    ['truncated before the end of the ICMP header', make.ethernet(0x0800, make.ipv4(1, TEXT))],
  ]
  for (const [reason, bytes, original] of cases) {
    assert.equal(walk(bytes, ETHERNET, original), KIND_MALFORMED, reason)
    assert.equal(REASONS[stack.reason], reason)
  }
  assert.deepEqual(
    new Set(REASONS),
    new Set(['', ...cases.map(([reason]) => reason)]),
    'every reason is tried',
  )
})

test('stack: cut at any length, the result is the same whatever lies behind the cut', () => {
  const options = { mss: 1460, timestamps: [1, 2] as const }
  const error6 = make.icmp6(make.ipv6(17, make.udp(TEXT)), 1, 4)
  const packets = [
    make.ethernet(0x88a8, make.vlan(5, 0x8100, make.vlan(6, 0x0800, make.ipv4(6, make.tcp(TEXT, options))))),
    make.ethernet(
      0x86dd,
      make.ipv6(0, make.extension(0, make.tcp(TEXT), { nextHeader: 6, jumboLength: 33 })),
    ),
    make.ethernet(0x0800, make.ipv4(1, make.icmp(TCP4, 3, 3))),
    make.ethernet(0x86dd, make.ipv6(58, error6)),
    make.ethernet(0x0800, make.ipv4(17, make.udp(TEXT))),
  ]
  const snapshot = (): string => {
    const { kind, payloadOffset, payloadLength, payloadCaptured, sourcePort, destinationPort, quoted } = stack
    const { present, kinds, count } = stack.tcpOptions
    const words = kind === KIND_MALFORMED ? [stack.reason] : [payloadOffset, payloadLength, payloadCaptured]
    return JSON.stringify([
      kind,
      words,
      sourcePort,
      destinationPort,
      quoted.valid,
      present,
      [...kinds.subarray(0, count)],
    ])
  }
  for (const packet of packets)
    for (let length = 0; length <= packet.length; length++) {
      const results = [0, 0x45, 0xff].map((fill) => {
        stack.walk(frameOf(packet.subarray(0, length), packet.length, fill), ETHERNET)
        assert.ok(stack.payloadCaptured <= length)
        return snapshot()
      })
      assert.equal(new Set(results).size, 1, `${length} of ${packet.length} bytes`)
    }
})

test('stack: any bytes are walked without error', () => {
  const linkTypes = [0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 999]
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(...linkTypes),
      fc.nat(100_000),
      (bytes, link, more) => {
        const kind = walk(bytes, link, bytes.length + more)
        assert.ok(kind >= KIND_TCP && kind <= KIND_MALFORMED)
        assert.ok(
          stack.payloadLength >= 0 && stack.payloadCaptured >= 0 && stack.payloadCaptured <= bytes.length,
        )
      },
    ),
    { numRuns: 1000 },
  )
  // The same behind a header that leads further in.
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(0, 1, 6, 17, 43, 44, 51, 58, 60),
      (bytes, next) => {
        walk(make.ethernet(0x0800, make.ipv4(next, bytes)))
        walk(make.ethernet(0x86dd, make.ipv6(next, bytes)))
      },
    ),
    { numRuns: 1000 },
  )
})
