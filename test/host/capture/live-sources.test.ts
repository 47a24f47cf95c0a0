import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { LINK_ETHERNET, LINK_LINUX_SLL2 } from '../../../src/capture/link-type.ts'
import { openCap } from '../../../src/host/capture/cap.ts'
import { openCaptureFile } from '../../../src/host/capture/capture-file.ts'
import type { LiveOptions, LiveSource } from '../../../src/host/capture/live-source.ts'
import { openRing } from '../../../src/host/capture/ring.ts'
import { Waiter } from '../../../src/host/wait.ts'
import { EXIT, UserError } from '../../../src/user-error.ts'
import { assertEnded, collect, type SeenPacket } from '../../capture/source-conformance.ts'
import { enterOwnNetwork, ip, sendDatagrams, tcpExchange } from '../../support/own-network.ts'
import { Running } from '../../support/program.ts'
import { isRoot, rootTest } from '../../support/root.ts'

/** The last datagram of all traffic goes to this port (discard). */
const LAST_PORT = 9
const MILLISECOND = 1_000_000n

const folder = mkdtempSync(join(tmpdir(), 'socktrace-sources-'))
after(() => rmSync(folder, { recursive: true }))
if (isRoot) enterOwnNetwork()

function liveOptions(waiter: Waiter, more: Partial<LiveOptions>): LiveOptions {
  return { interfaces: [], snaplen: 262_144, promiscuous: true, ringMib: 8, waiter, ...more }
}

/** Two exchanges over IPv4 and IPv6, one with segments larger than any MTU, and a datagram that ends it all. */
async function makeTraffic(): Promise<void> {
  await tcpExchange('127.0.0.1', 300_000)
  await tcpExchange('::1', 1_000)
  await sendDatagrams('127.0.0.1', 4242, 20, 500)
  await sendDatagrams('127.0.0.1', LAST_PORT, 1, 7)
}
const isLast = (packet: SeenPacket): boolean =>
  /^45.{16}11/.test(packet.network) && packet.network.slice(44, 48) === '0009'

interface Captured {
  readonly packets: readonly SeenPacket[]
  readonly source: LiveSource
}

/** The same traffic through a source and through tcpdump, which runs beside it. */
async function besideTcpdump(
  open: (waiter: Waiter) => LiveSource | Promise<LiveSource>,
  tcpdumpArguments: readonly string[],
): Promise<{ live: Captured; file: readonly SeenPacket[] }> {
  const path = join(folder, `${Math.random()}.pcap`)
  const tcpdump = new Running([
    // Printing each packet as well tells when the last one is in the file.
    ...['tcpdump', '-nlU', '--print', '--immediate-mode', '--time-stamp-precision=nano'],
    // Room for 900 frames: in this mode each takes the whole snaplen.
    ...['-B', '65536', '-s', '70000'],
    ...['-w', path, ...tcpdumpArguments],
  ])
  const waiter = new Waiter()
  let live: Captured
  try {
    await tcpdump.until('it listens', ({ stderr }) => /listening on/.test(stderr))
    const source = await open(waiter)
    const reading = collect(source, (packets) => packets.some(isLast))
    await makeTraffic()
    const packets = await reading
    await assertEnded(source)
    live = { packets: packets.slice(0, packets.findIndex(isLast) + 1), source }
    // tcpdump can sleep on a packet until another one comes.
    const nudge = setInterval(() => void sendDatagrams('127.0.0.1', LAST_PORT, 1, 7), 20)
    await tcpdump
      .until('the last packet', ({ stdout }) => stdout.includes(`127.0.0.1.${LAST_PORT}: UDP`))
      .finally(() => clearInterval(nudge))
  } finally {
    waiter.close()
    await tcpdump.stop('SIGINT')
  }
  const fileSource = openCaptureFile(path)
  const all = await collect(fileSource)
  await assertEnded(fileSource)
  assert.equal(fileSource.truncated, undefined)
  // The answer to the last datagram (ICMP) may or may not have made it.
  return { live, file: all.slice(0, all.findIndex(isLast) + 1) }
}

function assertSamePackets(actual: readonly SeenPacket[], expected: readonly SeenPacket[]): void {
  const facts = ({ network, length }: SeenPacket): string => `${length} ${network}`
  assert.ok(expected.length > 50)
  assert.deepEqual(actual.map(facts), expected.map(facts))
}

function assertTimesWithin(
  actual: readonly SeenPacket[],
  expected: readonly SeenPacket[],
  limit: bigint,
): void {
  for (const [i, { time }] of actual.entries()) {
    const difference = time - expected[i]!.time
    assert.ok(difference < limit && difference > -limit, `packet ${i + 1} is ${difference} ns away`)
  }
}

rootTest('ring, one interface: the packets of tcpdump, each within 1 ms', async () => {
  const { live, file } = await besideTcpdump(
    (waiter) => openRing(liveOptions(waiter, { interfaces: ['lo'] })),
    ['-i', 'lo'],
  )
  assertSamePackets(live.packets, file)
  assertTimesWithin(live.packets, file, MILLISECOND)
  assert.deepEqual(
    live.packets.map(({ bytes }) => bytes),
    file.map(({ bytes }) => bytes),
  )
  assert.equal(live.packets[0]!.linkType, LINK_ETHERNET)
  assert.equal(live.source.timestamps, 'kernel')
  const { received, droppedKernel } = live.source.counters()
  assert.ok(received >= live.packets.length)
  assert.equal(droppedKernel, 0)
})

rootTest(
  'ring, every interface: the packets of tcpdump -i any, byte for byte with the cooked header',
  async () => {
    const { live, file } = await besideTcpdump(
      (waiter) => openRing(liveOptions(waiter, {})),
      ['-i', 'any', '-y', 'LINUX_SLL2'],
    )
    assertSamePackets(live.packets, file)
    assertTimesWithin(live.packets, file, MILLISECOND)
    assert.deepEqual(
      live.packets.map(({ bytes }) => bytes),
      file.map(({ bytes }) => bytes),
    )
    assert.equal(live.packets[0]!.linkType, LINK_LINUX_SLL2)
    assert.equal(live.packets[0]!.iface, 'lo')
  },
)

rootTest('ring with a filter: the packets of tcpdump with the same filter', async () => {
  for (const interfaces of [['lo'], []]) {
    const filter = 'udp dst port 4242 or dst port 9 or (tcp[tcpflags] & (tcp-syn|tcp-fin) != 0)'
    const { live, file } = await besideTcpdump(
      (waiter) => openRing(liveOptions(waiter, { interfaces, filter })),
      ['-i', 'lo', filter],
    )
    assert.ok(file.length > 20 && file.length < 40)
    assert.deepEqual(
      live.packets.map(({ network }) => network),
      file.map(({ network }) => network),
    )
    assert.equal(live.source.counters().received, live.packets.length)
  }
})

rootTest('cap: the packets of tcpdump, stamped on delivery', async () => {
  for (const [interfaces, device] of [
    [['lo'], 'lo'],
    [[], 'any'],
  ] as const) {
    const { live, file } = await besideTcpdump(
      (waiter) => openCap(liveOptions(waiter, { interfaces })),
      ['-i', device],
    )
    const networks = (packets: readonly SeenPacket[]): string[] => packets.map(({ network }) => network)
    assert.deepEqual(networks(live.packets), networks(file))
    for (const [i, { time }] of live.packets.entries())
      assert.ok(time >= file[i]!.time, 'never before it passed')
    assert.equal(live.source.timestamps, 'delivery')
  }
})

rootTest('cap: an interface that vanishes ends the source, not the process', async () => {
  ip('link add st-cap0 type veth peer name st-cap1')
  for (const end of ['st-cap0', 'st-cap1']) ip(`link set ${end} up`)
  const waiter = new Waiter()
  const source = await openCap(liveOptions(waiter, { interfaces: ['st-cap0'] }))
  const reading = collect(source)
  ip('link delete st-cap0')
  await reading
  assert.equal(source.failure?.message, 'Cannot go on capturing on st-cap0: the interface vanished')
  assert.equal(source.failure?.exitCode, EXIT.input)
  await assertEnded(source)
  waiter.close()
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
    'wrong filter',
    { interfaces: ['lo'], filter: 'tcp pporrt 80' },
    /^Cannot use filter "tcp pporrt 80": syntax error$/,
    EXIT.usage,
  ],
  [
    'no promiscuous mode',
    { interfaces: ['lo'], promiscuous: false },
    /^Cannot capture without promiscuous mode through cap$/,
    EXIT.usage,
  ],
]
for (const [name, more, message, exitCode] of refused)
  rootTest(`cap refuses: ${name}`, async () => {
    const waiter = new Waiter()
    await assert.rejects(
      openCap(liveOptions(waiter, more)),
      (error: unknown) =>
        error instanceof UserError && message.test(error.message) && error.exitCode === exitCode,
    )
    waiter.close()
  })

rootTest('cap: without the privilege it says how to get it', async () => {
  const waiter = new Waiter()
  process.seteuid!(65_534)
  try {
    await assert.rejects(openCap(liveOptions(waiter, { interfaces: ['lo'] })), { exitCode: EXIT.privilege })
  } finally {
    process.seteuid!(0)
    waiter.close()
  }
})

rootTest('cap: snaplen and filter', async () => {
  const waiter = new Waiter()
  const source = await openCap(
    liveOptions(waiter, { interfaces: ['lo'], snaplen: 60, filter: 'udp port 4242' }),
  )
  await tcpExchange('127.0.0.1', 10)
  await sendDatagrams('127.0.0.1', 4242, 1, 1000)
  const packets = await collect(source, (seen) => seen.length > 0)
  assert.equal(packets.length, 1)
  assert.equal(packets[0]!.bytes.length / 2, 60)
  assert.equal(packets[0]!.length, 1028)
  await assertEnded(source)
  waiter.close()
})
