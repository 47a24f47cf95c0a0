import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pcapFileHeader, pcapRecord } from '../../src/capture/pcap.ts'
import { concat, decodeFile } from './decoding.ts'

const SECONDS = 1_700_000_000
const ONE = pcapRecord(SECONDS, 999_999_999, Uint8Array.of(1, 2, 3), 60)
const TWO = pcapRecord(SECONDS + 1, 1, Uint8Array.of(4), 1)
const FILE = concat(pcapFileHeader(1, 65535), ONE, TWO)
const PACKETS = [
  { bytes: [1, 2, 3], original: 60, time: 999_999_999, iface: 0 },
  { bytes: [4], original: 1, time: 1_000_000_001, iface: 0 },
]

/** A file written field by field, so that the reader is not only tried on what the writer writes. */
function build(
  options: {
    magic?: number
    version?: [number, number]
    linkType?: number
    little?: boolean
    extra?: number
  },
  ...records: readonly (readonly [seconds: number, fraction: number, captured: number, original: number])[]
): Uint8Array {
  const little = options.little ?? false
  const [major, minor] = options.version ?? [2, 4]
  const extra = options.extra ?? 0
  const bytes: number[] = []
  const put = (value: number, size: number): void => {
    const order = Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff)
    bytes.push(...(little ? order : order.reverse()))
  }
  put(options.magic ?? 0xa1b2c3d4, 4)
  put(major, 2)
  put(minor, 2)
  for (const word of [0, 0, 65535, options.linkType ?? 1]) put(word, 4)
  for (const record of records) {
    for (const word of record) put(word, 4)
    bytes.push(...new Array<number>(extra + Math.min(record[2], record[3])).fill(0xaa))
  }
  return Uint8Array.from(bytes)
}

test('pcap: nanoseconds, little-endian', () => {
  const { decoder, packets, damage } = decodeFile(FILE)
  assert.deepEqual(packets, PACKETS)
  assert.equal(damage, undefined)
  assert.equal(decoder.originSeconds, SECONDS)
  assert.deepEqual(decoder.interfaces, [{ name: undefined, linkType: 1, snaplen: 65535 }])
})

test('pcap: both byte orders and every magic number', () => {
  for (const little of [false, true])
    for (const [magic, unit, extra] of [
      [0xa1b2c3d4, 1000, 0],
      [0xa1b23c4d, 1, 0],
      [0xa1b2cd34, 1000, 8],
    ] as const) {
      const file = build({ magic, little, extra }, [100, 7, 2, 1500], [99, 5, 1, 1])
      const { decoder, packets, damage } = decodeFile(file)
      assert.equal(damage, undefined)
      assert.equal(decoder.originSeconds, 100)
      assert.deepEqual(
        packets.map(({ bytes, original, time }) => [bytes, original, time]),
        [
          [[0xaa, 0xaa], 1500, 7 * unit],
          [[0xaa], 1, 5 * unit - 1e9],
        ],
      )
    }
})

test('pcap: the checksum bits of the link type are no part of it', () => {
  assert.equal(decodeFile(build({ linkType: 0x44000001 })).decoder.interfaces[0]!.linkType, 1)
  const { damage } = decodeFile(build({ linkType: 0x00010001 }, [1, 0, 0, 0]))
  assert.deepEqual(damage, { offset: 0, message: 'impossible link type 65537' })
})

test('pcap: versions', () => {
  assert.deepEqual(decodeFile(build({ version: [1, 2] })).damage, {
    offset: 0,
    message: 'unsupported pcap version 1.2',
  })
  for (const version of [
    [2, 3],
    [543, 0],
  ] as [number, number][]) {
    const { packets, damage } = decodeFile(build({ version }, [1, 0, 60, 2], [1, 0, 2, 60]))
    assert.equal(damage, undefined)
    assert.deepEqual(
      packets.map(({ bytes, original }) => [bytes.length, original]),
      [
        [2, 60],
        [2, 60],
      ],
    )
  }
})

test('pcap: more captured than there was on the wire', () => {
  const { packets } = decodeFile(concat(pcapFileHeader(1, 65535), pcapRecord(1, 0, new Uint8Array(60), 0)))
  assert.deepEqual(
    packets.map(({ bytes, original }) => [bytes.length, original]),
    [[60, 60]],
  )
})

test('pcap: a length on the wire of 31 bits at most, as Wireshark takes it', () => {
  const record = pcapRecord(1, 0, new Uint8Array(60), 0xffff_0000)
  const { packets } = decodeFile(concat(pcapFileHeader(1, 65535), record))
  assert.deepEqual(
    packets.map(({ bytes, original }) => [bytes.length, original]),
    [[60, 2 ** 31 - 1]],
  )
})

test('pcap: an impossible length ends the file, all before it is kept', () => {
  const broken = pcapRecord(SECONDS, 0, new Uint8Array(0), 0)
  new DataView(broken.buffer).setUint32(8, 262_145, true)
  new DataView(broken.buffer).setUint32(12, 262_145, true)
  const { packets, damage } = decodeFile(concat(FILE, broken, ONE))
  assert.deepEqual(packets, PACKETS)
  assert.deepEqual(damage, {
    offset: FILE.length,
    message: 'record of 262145 bytes, more than any packet has',
  })
})

test('pcap: cut at each byte', () => {
  const ends = [24, 24 + ONE.length, FILE.length]
  for (let length = 4; length <= FILE.length; length++) {
    const { packets, damage, decoder } = decodeFile(FILE.slice(0, length))
    const whole = ends.filter((end) => end <= length)
    assert.deepEqual(packets, PACKETS.slice(0, Math.max(0, whole.length - 1)))
    const offset = whole.at(-1) ?? 0
    if (length === offset) assert.equal(damage, undefined)
    else {
      assert.equal(damage!.offset, offset)
      assert.match(
        damage!.message,
        new RegExp(`is cut short: ${length - offset} of ${decoder.needed} bytes$`),
      )
    }
  }
})

test('pcap: pieces of any size give the same packets', () => {
  for (let chunk = 1; chunk <= FILE.length; chunk++)
    assert.deepEqual(decodeFile(FILE, chunk).packets, PACKETS)
})

test('pcap: says how much it needs', () => {
  assert.equal(decodeFile(FILE.slice(0, 10)).decoder.needed, 24)
  assert.equal(decodeFile(FILE.slice(0, 30)).decoder.needed, 16)
  assert.equal(decodeFile(FILE.slice(0, 41)).decoder.needed, 19)
})

test('pcap: round trip', () => {
  const packet = fc.record({
    seconds: fc.integer({ min: SECONDS, max: SECONDS + 1_000_000 }),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
    bytes: fc.uint8Array({ maxLength: 80 }),
    more: fc.nat(2000),
  })
  fc.assert(
    fc.property(
      fc.array(packet, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 100 }),
      (all, chunk) => {
        const records = all.map((p) => pcapRecord(p.seconds, p.nanos, p.bytes, p.bytes.length + p.more))
        const { decoder, packets, damage } = decodeFile(
          concat(pcapFileHeader(276, 262144), ...records),
          chunk,
        )
        assert.equal(damage, undefined)
        assert.equal(decoder.originSeconds, all[0]!.seconds)
        assert.deepEqual(
          packets,
          all.map((p) => ({
            bytes: [...p.bytes],
            original: p.bytes.length + p.more,
            time: (p.seconds - all[0]!.seconds) * 1e9 + p.nanos,
            iface: 0,
          })),
        )
      },
    ),
  )
})
