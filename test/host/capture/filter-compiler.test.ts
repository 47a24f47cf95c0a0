import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CbpfError, CbpfProgram } from '../../../src/capture/cbpf.ts'
import { LINK_ETHERNET, LINK_LINUX_SLL2, LINK_NULL, LINK_RAW } from '../../../src/capture/link-type.ts'
import { compileFilter, compileLiveFilter } from '../../../src/host/capture/filter-compiler.ts'
import { EXIT, UserError } from '../../../src/user-error.ts'

/** An IPv4 TCP segment to port 80, from the IP header on. */
const segment = Uint8Array.from([
  ...[0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2],
  ...[0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0],
])
const ethernet = Uint8Array.from([...new Array<number>(12).fill(2), 0x08, 0x00, ...segment])
/** Address family 2 in the byte order of the machine that wrote the file. */
const loopback = Uint8Array.from([2, 0, 0, 0, ...segment])

function run(program: Uint8Array, packet: Uint8Array<ArrayBuffer>): number {
  return new CbpfProgram(program).run(new DataView(packet.buffer), 0, packet.length, packet.length)
}

const matches: readonly (readonly [
  filter: string,
  linkType: number,
  packet: Uint8Array<ArrayBuffer>,
  expected: number,
])[] = [
  ['tcp dst port 80', LINK_ETHERNET, ethernet, 128],
  ['tcp dst port 81', LINK_ETHERNET, ethernet, 0],
  ['tcp dst port 80', LINK_RAW, segment, 128],
  ['udp', LINK_RAW, segment, 0],
  ['tcp dst port 80', LINK_NULL, loopback, 128],
  ['ip6', LINK_NULL, loopback, 0],
  ['', LINK_ETHERNET, ethernet, 128],
]
for (const [filter, linkType, packet, expected] of matches)
  test(`compileFilter: ${JSON.stringify(filter)} on link type ${linkType}: ${expected}`, () =>
    assert.equal(run(compileFilter(filter, linkType, 128), packet), expected))

test('compileLiveFilter: on one interface, and on the packets of a cooked socket', () => {
  assert.equal(run(compileLiveFilter('tcp dst port 80', LINK_ETHERNET, 128), ethernet), 128)
  assert.equal(run(compileLiveFilter('tcp dst port 80', LINK_RAW, 128), segment), 128)
  assert.equal(run(compileLiveFilter('tcp dst port 80', LINK_LINUX_SLL2, 128), segment), 128)
})

test('a program that asks the kernel is for the kernel only', () => {
  assert.throws(() => new CbpfProgram(compileLiveFilter('inbound', LINK_ETHERNET, 128)), CbpfError)
})

const refusals: readonly (readonly [action: () => unknown, message: string])[] = [
  [() => compileFilter('tcp pporrt', LINK_ETHERNET, 128), 'Cannot use filter "tcp pporrt": syntax error'],
  [
    () => compileFilter('inbound', LINK_ETHERNET, 128),
    'Cannot use filter "inbound": inbound/outbound not supported',
  ],
  [() => compileFilter('tcp', 9999, 128), 'Cannot use filter "tcp": unknown data link type 9999'],
  [
    () => compileLiveFilter('tcp pporrt', LINK_LINUX_SLL2, 128),
    'Cannot use filter "tcp pporrt": syntax error',
  ],
  [
    () => compileLiveFilter('arp', LINK_LINUX_SLL2, 128),
    'Cannot use filter "arp" on every interface: it asks for link-level fields',
  ],
  [
    () => compileLiveFilter('vlan 5 and tcp', LINK_ETHERNET, 128),
    'Cannot use filter "vlan 5 and tcp" live: the kernel removes VLAN tags before it filters',
  ],
]
for (const [action, message] of refusals)
  test(`refused: ${message}`, () =>
    assert.throws(action, (error: unknown) => {
      assert.ok(error instanceof UserError)
      // libpcap's own words differ between its versions in how they go on.
      assert.ok(error.message.startsWith(message), error.message)
      assert.equal(error.exitCode, EXIT.usage)
      assert.notEqual(error.hint, undefined)
      return true
    }))
