import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketBatch } from '../../src/capture/batch.ts'
import { PcapngDecoder } from '../../src/capture/pcapng-read.ts'
import { DIRECTION_INBOUND, DIRECTION_OUTBOUND, PcapngWriter } from '../../src/capture/pcapng-write.ts'
import { concat, decodeFile } from './decoding.ts'

const SECONDS = 1_700_000_000

/** Code and value of each. */
type Options = readonly (readonly [number, readonly number[]])[]

/** Blocks written field by field, in either byte order, so that the reader is not only tried on our own writer. */
class Blocks {
  readonly #little: boolean
  readonly #bytes: number[] = []

  constructor(little: boolean) {
    this.#little = little
  }

  section(major = 1, minor = 0): this {
    return this.block(0x0a0d0d0a, [
      ...this.#n(0x1a2b3c4d, 4),
      ...this.#n(major, 2),
      ...this.#n(minor, 2),
      ...new Array<number>(8).fill(0xff),
    ])
  }

  interface(linkType: number, snaplen: number, options: Options = []): this {
    return this.block(1, [...this.#n(linkType, 2), 0, 0, ...this.#n(snaplen, 4), ...this.#options(options)])
  }

  enhanced(
    iface: number,
    high: number,
    low: number,
    data: readonly number[],
    original = data.length,
    options: Options = [],
  ): this {
    const words = [iface, high, low, data.length, original].flatMap((word) => this.#n(word, 4))
    return this.block(6, [...words, ...padded(data), ...this.#options(options)])
  }

  obsolete(iface: number, high: number, low: number, data: readonly number[], options: Options = []): this {
    const words = [high, low, data.length, data.length].flatMap((word) => this.#n(word, 4))
    return this.block(2, [...this.#n(iface, 2), 0, 3, ...words, ...padded(data), ...this.#options(options)])
  }

  /** Records as they are given, with the end that belongs behind them. */
  names(records: Options): this {
    return this.block(4, this.#options(records))
  }

  simple(original: number, data: readonly number[]): this {
    return this.block(3, [...this.#n(original, 4), ...padded(data)])
  }

  statistics(iface: number, options: Options): this {
    return this.block(5, [...this.#n(iface, 4), ...new Array<number>(8).fill(0), ...this.#options(options)])
  }

  block(type: number, body: readonly number[], endLength = body.length + 12): this {
    this.#bytes.push(...this.#n(type, 4), ...this.#n(body.length + 12, 4), ...body, ...this.#n(endLength, 4))
    return this
  }

  /** 64 bits, low values only. */
  wide(value: number): number[] {
    return this.#little ? [...this.#n(value, 4), 0, 0, 0, 0] : [0, 0, 0, 0, ...this.#n(value, 4)]
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  #options(options: Options): number[] {
    const written = options.flatMap(([code, value]) => [
      ...this.#n(code, 2),
      ...this.#n(value.length, 2),
      ...padded(value),
    ])
    return written.length === 0 ? [] : [...written, 0, 0, 0, 0]
  }

  #n(value: number, size: number): number[] {
    const order = Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff)
    return this.#little ? order : order.reverse()
  }
}

function padded(data: readonly number[]): number[] {
  return [...data, ...new Array<number>((4 - (data.length % 4)) % 4).fill(0)]
}

const text = (value: string): number[] => [...new TextEncoder().encode(value)]

test('pcapng: every block that is read, in both byte orders, several sections', () => {
  const blocks = (little: boolean): Blocks => new Blocks(little).section()
  for (const little of [false, true]) {
    const first = blocks(little)
      .interface(1, 3, [
        [2, text('eth0 ü')],
        [9, [9]],
      ])
      .interface(113, 3)
      .block(0x0bad, [1, 2, 3, 4]) // not a packet
      .enhanced(0, 0x17979cfe, 0x362a0001, [1, 2, 3, 4, 5], 90)
      .obsolete(1, 0x00060a24, 0x181e4001, [6])
      .block(4, [0, 0, 0, 0]) // names
      .simple(90, [7, 8, 9])
      .statistics(0, [
        [5, blocks(little).wide(2)],
        [7, blocks(little).wide(3)],
      ])
      .statistics(0, [
        [5, blocks(little).wide(4)],
        [7, blocks(little).wide(5)],
      ])
      .statistics(1, [[7, blocks(little).wide(6)]])
    const second = blocks(!little).interface(101, 100).enhanced(0, 0, 1_000_001, [10])
    const { decoder, packets, damage } = decodeFile(concat(first.bytes, second.bytes))
    assert.equal(damage, undefined)
    assert.deepEqual(decoder.interfaces, [
      { name: 'eth0 ü', linkType: 1, snaplen: 3 },
      { name: undefined, linkType: 113, snaplen: 3 },
      { name: undefined, linkType: 101, snaplen: 100 },
    ])
    const origin = decoder.originSeconds
    assert.deepEqual(packets, [
      { bytes: [1, 2, 3, 4, 5], original: 90, time: 1, iface: 0 },
      { bytes: [6], original: 1, time: 1000, iface: 1 },
      { bytes: [7, 8, 9], original: 90, time: 1000, iface: 0 },
      { bytes: [10], original: 1, time: (1 - origin) * 1e9 + 1000, iface: 2 },
    ])
    assert.equal(origin, SECONDS)
    assert.deepEqual(decoder.drops, { kernel: 11, interface: 4 })
  }
})

test('pcapng: custom blocks and journal entries are no packets, but have a number among them', () => {
  const file = new Blocks(true)
    .section()
    .interface(1, 0)
    .enhanced(0, 0, 1, [1])
    .block(0x0bad, [1, 2, 3, 4])
    .block(0x40000bad, [1, 2, 3, 4])
    .block(0x0bae, [1, 2, 3, 4])
    .enhanced(0, 0, 2, [2])
    .block(9, [1, 2, 3, 4])
    .enhanced(0, 0, 3, [3]).bytes
  const batch = new PacketBatch()
  const view = new DataView(file.buffer)
  batch.reset(file, view)
  new PcapngDecoder().decode(file, view, 0, file.length, batch)
  assert.deepEqual([...batch.number.subarray(0, batch.count)], [1, 4, 6])
})

test('pcapng: the first name of each address, in both byte orders and over sections', () => {
  const six = [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1]
  for (const little of [false, true]) {
    const first = new Blocks(little)
      .section()
      .names([
        [1, [10, 0, 0, 1, ...text('one\0uno\0')]],
        [1, [10, 0, 0, 1, ...text('other\0')]],
        [7, [10, 0, 0, 9, ...text('of no known kind\0')]],
        [2, [...six, ...text('sechs ü\0')]],
      ])
      .names([
        [1, [255, 255, 255, 254, ...text('not ended')]],
        [2, [10, 0, 0, 2, ...text('short\0')]],
        [1, [10, 0, 0, 3, 0]],
        [1, [10, 0, 0, 4]],
        [1, [10, 0, 0, 5, ...text('x'.repeat(256)), 0]],
        [1, [10, 0, 0, 6, ...text('x'.repeat(255)), 0]],
      ])
      // Its only record says that it goes on behind the block.
      .block(4, [little ? 1 : 0, little ? 0 : 1, 0xff, 0xff, 10, 0, 0, 7, 65, 0, 0, 0])
      .block(4, [])
    const second = new Blocks(!little).section().names([
      [1, [10, 0, 0, 1, ...text('later\0')]],
      [1, [0, 0, 0, 0, ...text('any\0')]],
    ])
    const { decoder, damage } = decodeFile(concat(first.bytes, second.bytes))
    assert.equal(damage, undefined)
    assert.deepEqual(
      decoder.names.map(({ family, words, name }) => [family, [...words], name]),
      [
        [4, [0x0a000001, 0, 0, 0], 'one'],
        [6, [0x20010db8, 0, 0, 1], 'sechs ü'],
        [4, [0xfffffffe, 0, 0, 0], 'not ended'],
        [4, [0x0a000006, 0, 0, 0], 'x'.repeat(255)],
        [4, [0, 0, 0, 0], 'any'],
      ],
    )
  }
})

test('pcapng: no file makes more than 65536 names be kept', () => {
  const file = new Blocks(true).section()
  for (let high = 0; high <= 256; high++)
    file.names(Array.from({ length: 256 }, (_, low) => [1, [10, high >> 8, high & 255, low, 65, 0]] as const))
  assert.equal(decodeFile(file.bytes).decoder.names.length, 65_536)
})

test('pcapng: comments of packets, in both byte orders', () => {
  for (const little of [false, true]) {
    const file = new Blocks(little)
      .section()
      .interface(1, 0, [[1, text('of the interface')]])
      .enhanced(0, 0, 1, [1, 2, 3, 4, 5], 5, [
        [2, [0, 0, 0, 0]],
        [1, text('first ü')],
        [1, text('second\0')],
      ])
      .enhanced(0, 0, 2, [1, 2, 3, 4], 4, [[2, [0, 0, 0, 0]]])
      .obsolete(0, 0, 3, [1], [[1, text('third')]])
      .enhanced(0, 0, 4, [])
    const { packets, damage } = decodeFile(file.bytes)
    assert.equal(damage, undefined)
    assert.deepEqual(
      packets.map(({ comments }) => comments),
      [['first ü', 'second'], undefined, ['third'], undefined],
    )
  }
})

test('pcapng: comments stay with their packets when rows move, and go with their batch', () => {
  const file = new Blocks(true)
    .section()
    .interface(1, 0)
    .enhanced(0, 0, 1, [1])
    .enhanced(0, 0, 2, [2], 1, [[1, text('two')]]).bytes
  for (const keepsComments of [true, false]) {
    const batch = new PacketBatch()
    batch.keepsComments = keepsComments
    const view = new DataView(file.buffer)
    batch.reset(file, view)
    new PcapngDecoder().decode(file, view, 0, file.length, batch)
    batch.number[0] = batch.number[1]!
    assert.deepEqual(batch.commentsOf(0), keepsComments ? ['two'] : undefined)
    batch.reset(file, view)
    assert.equal(batch.commentsOf(0), undefined)
  }
})

test('pcapng: drops are unknown unless a block tells them', () => {
  assert.deepEqual(decodeFile(new Blocks(true).section().interface(1, 0).bytes).decoder.drops, {
    kernel: undefined,
    interface: undefined,
  })
})

test('pcapng: the time offset of an interface', () => {
  for (const [offset, seconds] of [
    [[100, 0, 0, 0, 0, 0, 0, 0], 101],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0],
  ] as const) {
    const file = new Blocks(true)
      .section()
      .interface(1, 0, [[14, offset]])
      .enhanced(0, 0, 1_500_000, [])
    const { decoder, packets } = decodeFile(file.bytes)
    assert.equal(decoder.originSeconds, seconds)
    assert.equal(packets[0]!.time, 500_000_000)
  }
})

test('pcapng: damage says where, and all before it is kept', () => {
  const good = new Blocks(true).section().interface(1, 0).enhanced(0, 0, 1, [1]).bytes
  const next = (): Blocks => new Blocks(true)
  const cases: readonly (readonly [message: string, bytes: Uint8Array])[] = [
    ['block does not end with the length that it begins with', next().block(7, [1, 2, 3, 4], 20).bytes],
    ['block of 8 bytes, fewer than any block has', Uint8Array.of(6, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0)],
    ['block of 134217729 bytes, more than any block has', Uint8Array.of(6, 0, 0, 0, 1, 0, 0, 8, 0, 0, 0, 0)],
    ['packet of interface 1, which the section does not describe', next().enhanced(1, 0, 1, [1]).bytes],
    [
      'packet of 9 bytes does not fit its block',
      next().block(6, [...new Array<number>(12).fill(0), 9, 0, 0, 0, 9, 0, 0, 0]).bytes,
    ],
    ['block of 16 bytes is shorter than its kind', next().block(6, [0, 0, 0, 0]).bytes],
    ['unsupported pcapng version 2.0', next().section(2).bytes],
    ['unsupported pcapng version 1.1', next().section(1, 1).bytes],
    ['section header without a byte-order mark', Uint8Array.of(10, 13, 13, 10, 28, 0, 0, 0, 1, 2, 3, 4)],
  ]
  for (const [message, bytes] of cases) {
    const { packets, damage } = decodeFile(concat(good, bytes, good))
    assert.deepEqual(damage, { offset: good.length, message })
    assert.equal(packets.length, 1)
  }
  const simple = decodeFile(new Blocks(true).section().simple(1, [1]).bytes)
  assert.match(simple.damage!.message, /^packet of interface 0, which/)
})

/** Two interfaces, comments in several bytes a character, both directions, statistics. */
function written(): Uint8Array {
  const writer = new PcapngWriter('socktrace test')
  writer.originSeconds = SECONDS
  writer.interface('lo', 276, 262144)
  writer.interface(undefined, 1, 0)
  const bytes = Uint8Array.of(0xff, 1, 2, 3, 4, 5)
  writer.packet({
    iface: 0,
    time: 123_456_789,
    bytes,
    start: 1,
    captured: 5,
    original: 99,
    comments: ['nginx[77] → äöü 🦜', ''],
    direction: DIRECTION_OUTBOUND,
  })
  writer.packet({
    iface: 1,
    time: 5_000_000_000,
    bytes,
    start: 0,
    captured: 0,
    original: 0,
    direction: DIRECTION_INBOUND,
  })
  writer.packet({ iface: 0, time: -1, bytes, start: 2, captured: 4, original: 4 })
  writer.statistics({
    iface: 0,
    time: 6e9,
    received: 2 ** 40 + 1,
    droppedKernel: 3,
    droppedInterface: undefined,
  })
  return writer.take().slice()
}

const WRITTEN_PACKETS = [
  {
    bytes: [1, 2, 3, 4, 5],
    original: 99,
    time: 123_456_789,
    iface: 0,
    comments: ['nginx[77] → äöü 🦜', ''],
  },
  { bytes: [], original: 0, time: 5_000_000_000, iface: 1 },
  { bytes: [2, 3, 4, 5], original: 4, time: -1, iface: 0 },
]

test('pcapng: what is written is read back', () => {
  const { decoder, packets, damage } = decodeFile(written())
  assert.equal(damage, undefined)
  assert.deepEqual(packets, WRITTEN_PACKETS)
  assert.deepEqual(decoder.drops, { kernel: 3, interface: undefined })
  assert.deepEqual(
    decoder.interfaces.map(({ name, linkType, snaplen }) => [name, linkType, snaplen]),
    [
      ['lo', 276, 262144],
      [undefined, 1, 0],
    ],
  )
})

test('pcapng: cut at each byte, in pieces of each size', () => {
  const file = written()
  const { packets: all } = decodeFile(file)
  let before = 0
  for (let length = 4; length <= file.length; length++) {
    const { packets, damage, decoder } = decodeFile(file.slice(0, length))
    assert.deepEqual(packets, all.slice(0, packets.length))
    assert.ok(packets.length >= before)
    before = packets.length
    if (damage !== undefined)
      assert.equal(damage.message, `block is cut short: ${length - damage.offset} of ${decoder.needed} bytes`)
  }
  for (let chunk = 1; chunk <= file.length; chunk++)
    assert.deepEqual(decodeFile(file, chunk).packets, WRITTEN_PACKETS)
})

test('pcapng: any flipped byte is read without error', () => {
  const file = written()
  for (let at = 4; at < file.length; at++)
    for (const flip of [0x01, 0x80, 0xff]) {
      const broken = file.slice()
      broken[at]! ^= flip
      assert.ok(decodeFile(broken).packets.length <= 3)
    }
})

test('pcapng: round trip', () => {
  const packet = fc.record({
    iface: fc.nat(1),
    time: fc.integer({ min: 0, max: 10 ** 15 }),
    bytes: fc.uint8Array({ maxLength: 90 }),
    more: fc.nat(2000),
    comments: fc.array(fc.string({ unit: 'binary' }), { maxLength: 2 }),
  })
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: 8 }),
      fc.nat(2 ** 33),
      fc.integer({ min: 1, max: 99 }),
      (all, epoch, chunk) => {
        const writer = new PcapngWriter('test')
        writer.originSeconds = epoch
        writer.interface('a', 1, 0)
        writer.interface('b', 1, 0)
        for (const { bytes, more, ...rest } of all)
          writer.packet({ ...rest, bytes, start: 0, captured: bytes.length, original: bytes.length + more })
        const { decoder, packets, damage } = decodeFile(writer.take().slice(), chunk)
        assert.equal(damage, undefined)
        const shift = (decoder.originSeconds - epoch) * 1e9
        assert.deepEqual(
          packets.map((p) => ({ ...p, time: all.length === 0 ? 0 : p.time + shift })),
          all.map((p) => ({
            bytes: [...p.bytes],
            original: p.bytes.length + p.more,
            time: p.time,
            iface: p.iface,
            // A zero byte ends a text.
            ...(p.comments.length > 0 && {
              comments: p.comments.map((comment) => comment.replace(/\0.*/su, '')),
            }),
          })),
        )
      },
    ),
  )
})

test('pcapng: Wireshark reads what is written, comments and all', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-pcapng-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'written.pcapng')
  writeFileSync(path, written())
  const fields = [
    'frame.time_epoch',
    'frame.cap_len',
    'frame.len',
    'frame.interface_name',
    'frame.packet_flags',
    'frame.comment',
  ]
  const tshark = spawnSync(
    'tshark',
    ['-n', '-r', path, '-T', 'fields', '-E', 'separator=|', ...fields.flatMap((field) => ['-e', field])],
    { encoding: 'utf8' },
  )
  if (tshark.error !== undefined) {
    context.skip('tshark is not installed')
    return
  }
  assert.equal(tshark.status, 0)
  assert.doesNotMatch(tshark.stderr, /appears|error|damaged|malformed/i)
  const rows = tshark.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|'))
  assert.deepEqual(
    rows.map(([time, captured, length, , flags]) => [time, captured, length, flags]),
    [
      [`${SECONDS}.123456789`, '5', '99', '0x00000002'],
      [`${SECONDS + 5}.000000000`, '0', '0', '0x00000001'],
      [`${SECONDS - 1}.999999999`, '4', '4', ''],
    ],
  )
  assert.equal(rows[0]![3], 'lo')
  assert.match(rows[0]![5]!, /^nginx\[77\] → äöü 🦜/)
})
