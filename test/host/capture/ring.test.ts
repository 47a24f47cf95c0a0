import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PacketBatch } from '../../../src/capture/batch.ts'
import { LINK_ETHERNET } from '../../../src/capture/link-type.ts'
import { END } from '../../../src/capture/source.ts'
import type { LiveOptions, LiveSource } from '../../../src/host/capture/live-source.ts'
import { openRing } from '../../../src/host/capture/ring.ts'
import * as libc from '../../../src/host/libc.ts'
import { Waiter } from '../../../src/host/wait.ts'
import { EXIT, UserError } from '../../../src/user-error.ts'
import { collect } from '../../capture/source-conformance.ts'
import { enterOwnNetwork, ip, sendDatagrams, tcpExchange } from '../../support/own-network.ts'
import { runCommand } from '../../support/program.ts'
import { isRoot, rootTest } from '../../support/root.ts'

if (isRoot) enterOwnNetwork()

/** Opens a ring, and closes it whatever happens. */
async function withRing(
  more: Partial<LiveOptions>,
  body: (source: LiveSource, waiter: Waiter) => Promise<void>,
): Promise<void> {
  const waiter = new Waiter()
  const source = openRing({
    ...{ interfaces: ['lo'], snaplen: 262_144, promiscuous: true, ringMib: 4, waiter },
    ...more,
  })
  try {
    await body(source, waiter)
  } finally {
    source.close()
    waiter.close()
  }
}

/** A veth pair whose ends are both here and up; returns their names. */
function makePair(label: string): { left: string; right: string; remove: () => void } {
  const [left, right] = [`st-${label}0`, `st-${label}1`]
  ip(`link add ${left} type veth peer name ${right}`)
  for (const end of [left, right]) {
    runCommand(['sysctl', '-q', '-w', `net.ipv6.conf.${end}.disable_ipv6=1`])
    ip(`link set ${end} up`)
  }
  return { left, right, remove: () => ip(`link delete ${left}`) }
}

/** Sends one Ethernet frame out of an interface. */
function sendFrame(device: string, frame: Uint8Array): void {
  const fd = libc.socket(17, 3, 0)
  const address = new Uint8Array(20)
  const view = new DataView(address.buffer)
  view.setUint16(0, 17, true)
  view.setInt32(4, Number(/^(\d+):/.exec(ip(`link show ${device}`))![1]), true)
  libc.bind(fd, address, address.length)
  assert.equal(libc.send(fd, frame, frame.length, 0), frame.length)
  libc.close(fd)
}
/** An Ethernet frame around an IPv4 UDP datagram; `tag` goes between the addresses and the EtherType. */
function frame(identification: number, tag: readonly number[] = []): Uint8Array<ArrayBuffer> {
  const bytes = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, ...tag, 0x08, 0x00]
  bytes.push(0x45, 0, 0, 32, identification >> 8, identification & 0xff, 0, 0, 64, 17, 0, 0)
  bytes.push(10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0x10, 0x92, 0, 12, 0, 0, 1, 2, 3, 4)
  return Uint8Array.from(bytes)
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const promiscuity = (device: string): string => /promiscuity (\d+)/.exec(ip(`-d link show ${device}`))![1]!

rootTest('ring: snaplen cuts what is kept, not the length on the wire', async () => {
  for (const filter of [undefined, 'udp port 4242'])
    await withRing({ snaplen: 60, ...(filter === undefined ? {} : { filter }) }, async (source) => {
      await sendDatagrams('127.0.0.1', 4242, 1, 1000)
      const [packet] = await collect(source, (packets) => packets.length > 0)
      assert.equal(packet!.bytes.length / 2, 60)
      assert.equal(packet!.length, 1028)
    })
})

/** An Ethernet frame around 1000 bytes behind an IP header. */
function filled(type: number, header: readonly number[], ports: readonly [number, number]): Uint8Array {
  const bytes = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, type >> 8, type & 0xff, ...header]
  for (const port of ports) bytes.push(port >> 8, port & 0xff)
  return Uint8Array.from([...bytes, ...Array.from({ length: 996 }, () => 0x50)])
}

rootTest(
  'ring: of TCP the headers alone are kept where nobody reads more, of DNS and all else everything',
  async () => {
    const v4 = (protocol: number, first = 0x45, fragment = 0, options: readonly number[] = []): number[] => [
      ...[first, 0, 0x04, 0x00, 0, 1, fragment, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2],
      ...options,
    ]
    const v6 = (next: number): number[] => [
      ...[0x60, 0, 0, 0, 0x03, 0xe8, next, 64],
      ...[0xfd, ...Array.from({ length: 14 }, () => 0), 1, 0xfd, ...Array.from({ length: 14 }, () => 0), 2],
    ]
    const cases: readonly (readonly [what: string, frame: Uint8Array, isCut: boolean])[] = [
      ['TCP', filled(0x0800, v4(6), [40_000, 80]), true],
      ['TCP over IPv6', filled(0x86dd, v6(6), [80, 40_000]), true],
      ['DNS over TCP', filled(0x0800, v4(6), [40_000, 53]), false],
      ['its answer', filled(0x0800, v4(6), [53, 40_000]), false],
      ['DNS over TCP and IPv6', filled(0x86dd, v6(6), [40_000, 53]), false],
      ['its answer', filled(0x86dd, v6(6), [53, 40_000]), false],
      ['UDP', filled(0x0800, v4(17), [40_000, 80]), false],
      ['UDP over IPv6', filled(0x86dd, v6(17), [40_000, 80]), false],
      ['TCP behind IP options', filled(0x0800, v4(6, 0x46, 0, [1, 1, 1, 0]), [40_000, 80]), false],
      ['a fragment of TCP', filled(0x0800, v4(6, 0x45, 0x20), [40_000, 80]), false],
      ['TCP without a port', filled(0x0800, v4(6), [40_000, 80]).subarray(0, 14 + 22), false],
      ['TCP without ports over IPv6', filled(0x86dd, v6(6), [40_000, 80]).subarray(0, 14 + 40), false],
      ['neither', filled(0x88b5, v4(6), [40_000, 80]), false],
    ]
    const { left, right, remove } = makePair('bare')
    for (const interfaces of [[right], []])
      await withRing({ interfaces, headersOnly: true }, async (source) => {
        for (const [, bytes] of cases) sendFrame(left, bytes)
        const packets = await collect(source, (seen) => seen.length >= cases.length)
        for (const [index, [what, bytes, isCut]] of cases.entries()) {
          const { length, bytes: kept } = packets[index]!
          assert.equal(length, bytes.length - 14, what)
          // The same bytes from the IP header on, whatever is in front of it.
          assert.equal(kept.length / 2 - 14, isCut ? 114 : bytes.length - 14, what)
          assert.equal(kept.slice(24, 28), hex(bytes.subarray(12, 14)), what)
        }
      })
    remove()
  },
)

rootTest('ring: a VLAN tag stands where it stood on the wire', async () => {
  const { left, right, remove } = makePair('vlan')
  await withRing({ interfaces: [right] }, async (source) => {
    const tagged = frame(7, [0x81, 0x00, 0xa0, 0x05])
    const provider = frame(8, [0x88, 0xa8, 0x00, 0x06, 0x81, 0x00, 0x00, 0x07])
    for (const one of [frame(6), tagged, provider]) sendFrame(left, one)
    const packets = await collect(source, (seen) => seen.length === 3)
    assert.deepEqual(
      packets.map(({ bytes }) => bytes),
      [hex(frame(6)), hex(tagged), hex(provider)],
    )
  })
  await withRing({ interfaces: [] }, async (source) => {
    sendFrame(left, frame(9, [0x81, 0x00, 0xa0, 0x05]))
    const [packet] = await collect(source, (seen) => seen.length > 0)
    assert.equal(packet!.bytes.slice(0, 8), '81000000')
    assert.ok(packet!.network.startsWith('a005080045'), packet!.network)
  })
  await withRing({ interfaces: [], headersOnly: true }, async (source) => {
    sendFrame(left, frame(10, [0x81, 0x00, 0xa0, 0x05]))
    const [packet] = await collect(source, (seen) => seen.length > 0)
    assert.ok(packet!.bytes.slice(24).startsWith('8100a005080045'), packet!.bytes)
  })
  remove()
})

rootTest('ring: a packet that passes two interfaces counts once, a retransmission on one twice', async () => {
  const { left, right, remove } = makePair('dup')
  for (const interfaces of [[], [left, right]])
    await withRing({ interfaces }, async (source) => {
      for (const identification of [1, 2, 2, 3]) sendFrame(left, frame(identification))
      sendFrame(right, frame(99))
      const packets = await collect(source, (seen) =>
        seen.some(({ network }) => network.startsWith('450000200063')),
      )
      const identifications = packets.map(({ network }) => Number.parseInt(network.slice(8, 12), 16))
      assert.deepEqual(
        identifications.toSorted((a, b) => a - b),
        [1, 2, 2, 3, 99],
      )
    })
  // One interface alone shows what it carries, both ways.
  await withRing({ interfaces: [left] }, async (source) => {
    sendFrame(left, frame(1))
    sendFrame(right, frame(2))
    assert.equal((await collect(source, (seen) => seen.length === 2)).length, 2)
    assert.deepEqual(source.interfaces, [{ name: left, linkType: LINK_ETHERNET, snaplen: 262_144 }])
  })
  remove()
})

rootTest('ring, every interface: one that appears later joins the list', async () => {
  await withRing({ interfaces: [] }, async (source) => {
    await sendDatagrams('127.0.0.1', 4242, 1, 10)
    const first = await collect(source, (seen) => seen.length > 0)
    const { left, remove } = makePair('late')
    sendFrame(left, frame(1))
    const second = await collect(source, (seen) => seen.some(({ iface }) => iface === left))
    assert.equal(first[0]!.iface, 'lo')
    assert.equal(source.interfaces[0]!.name, 'lo')
    assert.ok(second.length >= 1)
    remove()
  })
})

rootTest('ring: a filter passes nothing else, from the first packet on', async () => {
  const port = await tcpExchange('127.0.0.1', 10)
  await withRing({ filter: `tcp port ${port} or udp port 9` }, async (source) => {
    await tcpExchange('127.0.0.1', 10)
    await sendDatagrams('127.0.0.1', 9, 1, 1)
    const packets = await collect(source, (seen) => seen.length > 0)
    assert.equal(packets[0]!.network.slice(18, 20), '11')
    assert.equal(source.counters().received, 1)
  })
})

rootTest('ring: what did not fit is counted as dropped by the kernel', async () => {
  await withRing({ ringMib: 1, filter: 'udp port 4242' }, async (source) => {
    const sent = 200
    await sendDatagrams('127.0.0.1', 4242, sent, 16_000)
    let read = 0
    const batch = new PacketBatch()
    // A wait that gives nothing: the ring is empty.
    for (let count = await source.read(batch); count > 0; count = await source.read(batch)) read += count
    const { received, droppedKernel } = source.counters()
    assert.equal(received, sent)
    assert.ok(droppedKernel! > 0)
    assert.equal(read + droppedKernel!, sent)
    // Reading the counters again adds nothing.
    assert.deepEqual(source.counters(), { received, droppedKernel, droppedInterface: 0 })
  })
})

rootTest('ring: promiscuous while it is open, and only when asked', async () => {
  const { left, remove } = makePair('prom')
  await withRing({ interfaces: [left] }, async () => assert.equal(promiscuity(left), '1'))
  assert.equal(promiscuity(left), '0')
  await withRing({ interfaces: [left], promiscuous: false }, async () => assert.equal(promiscuity(left), '0'))
  await withRing({ interfaces: [] }, async () => assert.equal(promiscuity(left), '0'))
  remove()
})

rootTest('ring: an interface that vanishes ends the source, after its last packet', async () => {
  const { left, right, remove } = makePair('gone')
  await withRing({ interfaces: [left] }, async (source) => {
    const reading = collect(source)
    sendFrame(right, frame(1))
    ip(`link set ${left} down`)
    ip(`link set ${left} up`)
    ip(`link set ${right} up`)
    sendFrame(right, frame(2))
    remove()
    const packets = await reading
    assert.equal(packets.length, 2)
    assert.equal(source.failure?.message, `Cannot go on capturing on ${left}: the interface vanished`)
    assert.equal(source.failure?.exitCode, EXIT.input)
  })
})

rootTest('ring: close ends a pending read; a wake gives 0', async () => {
  await withRing({}, async (source, waiter) => {
    const batch = new PacketBatch()
    waiter.wake()
    assert.equal(await source.read(batch), 0)
    const pending = source.read(batch)
    source.close()
    assert.equal(await pending, END)
    assert.equal(source.failure, undefined)
  })
})

rootTest('ring: while packets never stop coming, the event loop still turns', async () => {
  await withRing({}, async (source) => {
    let turns = 0
    let going = true
    const turn = (): void => {
      turns++
      if (going) setImmediate(turn)
    }
    turn()
    const sending = sendDatagrams('127.0.0.1', 4242, 500, 1000)
    await collect(source, (seen) => seen.length >= 500)
    going = false
    await sending
    assert.ok(turns > 1)
  })
})

const refused: readonly (readonly [
  name: string,
  more: Partial<LiveOptions>,
  message: RegExp,
  exitCode: number,
])[] = [
  [
    'unknown interface',
    { interfaces: ['st-none'] },
    /^Cannot capture on "st-none": no such interface$/,
    EXIT.usage,
  ],
  [
    'a name that no interface can have',
    { interfaces: ['an-interface-with-a-long-name'] },
    /no such interface$/,
    EXIT.usage,
  ],
  [
    'wrong filter',
    { filter: 'tcp pporrt 80' },
    /^Cannot use filter "tcp pporrt 80": syntax error$/,
    EXIT.usage,
  ],
  [
    'link-level filter on every interface',
    { interfaces: [], filter: 'ether host 02:00:00:00:00:01' },
    /on every interface: it asks for link-level fields$/,
    EXIT.usage,
  ],
  ['vlan filter', { filter: 'vlan 5' }, /the kernel removes VLAN tags/, EXIT.usage],
]
for (const [name, more, message, exitCode] of refused)
  rootTest(`ring refuses: ${name}`, async () => {
    await assert.rejects(
      withRing(more, async () => {}),
      (error: unknown) =>
        error instanceof UserError && message.test(error.message) && error.exitCode === exitCode,
    )
  })

rootTest('ring: an unknown interface is answered with those that exist', async () => {
  await assert.rejects(
    withRing({ interfaces: ['nope'] }, async () => {}),
    { hint: 'interfaces here: lo' },
  )
})

rootTest('ring: without the privilege it says how to get it', async () => {
  process.seteuid!(65_534)
  try {
    await assert.rejects(
      withRing({}, async () => {}),
      (error: unknown) =>
        error instanceof UserError &&
        error.exitCode === EXIT.privilege &&
        /^run it with sudo, or allow it for good: sudo setcap cap_net_raw\S* \//.test(error.hint ?? ''),
    )
  } finally {
    process.seteuid!(0)
  }
})

test('ring: without root it is refused, never half open', { skip: isRoot && 'runs as root' }, async () => {
  await assert.rejects(
    withRing({}, async () => {}),
    { exitCode: EXIT.privilege },
  )
})
