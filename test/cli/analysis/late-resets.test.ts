import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PcapngWriter } from '../../../src/capture/pcapng-write.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../../src/wire/tcp-bits.ts'
import { PacketWriter } from '../../support/packet-writer.ts'
import { readCommand } from '../../support/read-command.ts'

// Where records alone are asked for, the engine names the verdict on most connections that were reset by itself
// (`engine/held-reset.ts`). Where verdicts are asked for too, the docket judges all of them.

const LINK_ETHERNET = 1
const ETHERNET = 14
const TTL = ETHERNET + 8
const PORT_UNREACHABLE = [3, 3] as const

interface Step {
  readonly port: number
  readonly back: boolean
  readonly kind: 'syn' | 'ack' | 'data' | 'rst' | 'fin' | 'icmp'
  /** From the number that is due. */
  readonly away: number
  readonly after: number
  readonly ttl: number
  readonly win: number
}

const step: fc.Arbitrary<Step> = fc.record({
  port: fc.constantFrom(40_000, 40_000, 40_001, 40_002),
  back: fc.boolean(),
  kind: fc.constantFrom('syn', 'ack', 'data', 'rst', 'rst', 'fin', 'icmp'),
  away: fc.constantFrom(0, 0, 0, 0, 1, -50, -100, 5000),
  after: fc.constantFrom(1e6, 1e6, 15e6, 120e6, 300e6, 1.3e9, 4e9, 61e9, -40e6, -3e9),
  ttl: fc.constantFrom(64, 64, 64, 57),
  win: fc.constantFrom(500, 500, 500, 0),
})

/** The usual beginnings: refused, opened, opened with data. */
const beginnings: readonly (readonly [back: boolean, kind: Step['kind']])[][] = [
  [],
  [[false, 'syn']],
  [
    [false, 'syn'],
    [true, 'syn'],
    [false, 'ack'],
  ],
  [
    [false, 'syn'],
    [true, 'syn'],
    [false, 'ack'],
    [false, 'data'],
    [true, 'data'],
  ],
]

function capture(steps: readonly Step[]): Uint8Array {
  const packets = new PacketWriter()
  const file = new PcapngWriter('test')
  file.originSeconds = 1_700_000_000
  const iface = file.interface('eth0', LINK_ETHERNET, 65_535)
  const bytes = new Uint8Array(ETHERNET + packets.bytes.length)
  bytes[12] = 8
  const next = new Map<string, number>()
  let time = 0
  for (const { port, back, kind, away, after, ttl, win } of steps) {
    const ends = [
      { addr: '10.0.0.1', port },
      { addr: '10.0.0.2', port: 80 },
    ] as const
    const [from, to] = back ? [ends[1], ends[0]] : ends
    const [own, peer] = [`${port} ${back}`, `${port} ${!back}`]
    const answers = next.has(peer)
    const ack = answers ? next.get(peer)! : 0
    const seq = ((next.get(own) ?? 1000) + away) >>> 0
    const flags = {
      syn: answers ? SYN | ACK : SYN,
      ack: ACK,
      data: ACK | PSH,
      rst: answers ? RST | ACK : RST,
      fin: FIN | ACK,
      icmp: SYN,
    }[kind]
    const len = kind === 'data' ? 100 : 0
    if (kind === 'icmp')
      packets.icmpError('10.0.0.254', ...PORT_UNREACHABLE, from, to, { seq: seq - 1, flags })
    else {
      // An answer to what never was sent has number 0.
      packets.tcp(from, to, { seq: kind === 'rst' && !next.has(own) ? 0 : seq, ack, flags, len, win })
      next.set(own, (seq + len + (flags & (SYN | FIN) ? 1 : 0)) >>> 0)
    }
    time = Math.max(0, time + after)
    bytes.set(packets.bytes, ETHERNET)
    bytes[TTL] = ttl
    const [captured, original] = [ETHERNET + packets.captured, ETHERNET + packets.original]
    file.packet({ iface, time, bytes, start: 0, captured, original })
  }
  return file.take()
}

/** The lines of records as they are where records alone are asked for, and where verdicts are too. */
async function both(bytes: Uint8Array, maxFlows: number): Promise<readonly [string[], string[]]> {
  const records = async (...more: readonly string[]): Promise<string[]> => {
    const { stdout } = await readCommand(['--flows', '--json', `--max-flows=${maxFlows}`, ...more], bytes)
    return stdout.split('\n').filter((line) => line.startsWith('{"type":"flow"'))
  }
  return [await records(), await records('--failures')]
}

test('a record names the verdict that the docket gives, whatever comes before and after a reset', async () => {
  const named = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...beginnings),
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(1, 1000),
      async (begin, steps, maxFlows) => {
        const opening = begin.map(([back, kind]) => {
          const usual = { port: 40_000, away: 0, after: 1e6, ttl: 64, win: 500 }
          return { ...usual, back, kind }
        })
        const [alone, beside] = await both(capture([...opening, ...steps]), maxFlows)
        assert.deepEqual(alone, beside)
        for (const line of alone) named.add(JSON.parse(line).verdict)
      },
    ),
    { numRuns: 600 },
  )
  for (const name of ['refused.reset', 'reset.by-peer', 'reset.by-us', 'reset.injected'])
    assert.ok(named.has(name), name)
})

const usual = { port: 40_001, away: 0, after: 1e6, ttl: 64, win: 500 }
const opened: readonly Step[] = [
  { ...usual, back: false, kind: 'syn' },
  { ...usual, back: true, kind: 'syn' },
  { ...usual, back: false, kind: 'ack' },
]
/** What ends an open connection without being told of as trouble: a held reset, and two FINs. */
const ends: Readonly<Record<string, readonly Step[]>> = {
  reset: [{ ...usual, back: true, kind: 'rst', after: 1.2e9 }],
  FINs: [
    { ...usual, back: false, kind: 'fin', after: 1.2e9 },
    { ...usual, back: true, kind: 'fin' },
  ],
}

for (const [name, end] of Object.entries(ends))
  test(`others are judged at the time of the last packet, a ${name} that nobody asks about`, async () => {
    const alone: Step = { ...usual, port: 40_000, back: false, kind: 'syn' }
    for (const records of await both(capture([alone, ...opened, ...end]), 1000))
      assert.equal(JSON.parse(records[0]!).verdict, 'timeout.no-answer')
  })
