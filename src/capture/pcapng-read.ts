import type { PacketBatch } from './batch.ts'
import {
  type CaptureDamage,
  type CaptureDecoder,
  largestPacket,
  MAX_RECORD,
  type RecordedDrops,
  type RecordedName,
} from './decoder.ts'
import {
  BLOCK_CUSTOM,
  BLOCK_CUSTOM_PRIVATE,
  BLOCK_ENHANCED_PACKET,
  BLOCK_HEADER,
  BLOCK_INTERFACE,
  BLOCK_NAMES,
  BLOCK_OVERHEAD,
  BLOCK_PACKET,
  BLOCK_SECTION,
  BLOCK_SIMPLE_PACKET,
  BLOCK_STATISTICS,
  BLOCK_SYSTEMD_JOURNAL,
  BYTE_ORDER_MAGIC,
  OPTION_COMMENT,
  OPTION_END,
  OPTION_INTERFACE_NAME,
  OPTION_INTERFACE_OFFSET,
  OPTION_INTERFACE_RESOLUTION,
  OPTION_STATISTICS_INTERFACE_DROPS,
  OPTION_STATISTICS_KERNEL_DROPS,
  padded,
} from './pcapng.ts'
import { NameCollector } from './pcapng-names.ts'
import type { CaptureInterface } from './source.ts'
import { TimeResolution } from './time-resolution.ts'
import { decodeUtf8 } from './utf8.ts'

// Where options or data begin: type, length and the fixed part.
const SECTION_FIXED = 24
const INTERFACE_FIXED = 16
const PACKET_FIXED = 28
const SIMPLE_PACKET_FIXED = 12
const STATISTICS_FIXED = 20

/** The blocks that are read; all others are stepped over. */
const FIXED_LENGTHS: ReadonlyMap<number, number> = new Map([
  [BLOCK_SECTION, SECTION_FIXED],
  [BLOCK_INTERFACE, INTERFACE_FIXED],
  [BLOCK_ENHANCED_PACKET, PACKET_FIXED],
  [BLOCK_PACKET, PACKET_FIXED],
  [BLOCK_SIMPLE_PACKET, SIMPLE_PACKET_FIXED],
  [BLOCK_STATISTICS, STATISTICS_FIXED],
  [BLOCK_NAMES, BLOCK_HEADER],
])

/** `PacketBatch.iface` is 16 bits wide. */
const MAX_INTERFACES = 0x10000
/** The last second of the year 9999: what cannot be written as a date is a damaged timestamp. */
const LAST_SECOND = 253_402_300_799

/** What the packets of one interface need to be read. */
interface InterfaceClock {
  readonly resolution: TimeResolution
  /** Added to every timestamp, seconds. */
  readonly offset: number
  readonly largest: number
  kernelDrops: number | undefined
  interfaceDrops: number | undefined
}

/**
 * Reads pcapng files: several sections, both byte orders, any time resolution. Blocks of other types are stepped
 * over. A simple packet has no time: it gets that of the packet before it. Contract: `CaptureDecoder`.
 */
export class PcapngDecoder implements CaptureDecoder {
  readonly format = 'pcapng'
  readonly interfaces: CaptureInterface[] = []
  originSeconds = 0
  needed = BLOCK_OVERHEAD
  damage: CaptureDamage | undefined
  readonly #names = new NameCollector()
  readonly #clocks: InterfaceClock[] = []
  /** Bytes of the file consumed so far. */
  #position = 0
  #inSection = false
  #littleEndian = false
  /** Index of the section's first interface: blocks count from it. */
  #firstInterface = 0
  #started = false
  #lastTime = 0

  get drops(): RecordedDrops {
    const sum = (of: (clock: InterfaceClock) => number | undefined): number | undefined =>
      this.#clocks.reduce<number | undefined>((total, clock) => {
        const drops = of(clock)
        return drops === undefined ? total : (total ?? 0) + drops
      }, undefined)
    return { kernel: sum((clock) => clock.kernelDrops), interface: sum((clock) => clock.interfaceDrops) }
  }

  get names(): readonly RecordedName[] {
    return this.#names.all
  }

  decode(bytes: Uint8Array, view: DataView, from: number, end: number, batch: PacketBatch): number {
    let at = from
    this.needed = BLOCK_OVERHEAD
    while (this.damage === undefined && at + BLOCK_OVERHEAD <= end) {
      const length = this.#blockLength(view, at)
      if (length < 0) break
      if (at + length > end) {
        this.needed = length
        break
      }
      this.#block(bytes, view, at, length, batch)
      if (this.damage !== undefined) break
      at += length
      this.#position += length
    }
    return at - from
  }

  finish(leftover: number): CaptureDamage | undefined {
    if (this.damage === undefined && leftover > 0)
      this.#stop(`block is cut short: ${leftover} of ${this.needed} bytes`)
    return this.damage
  }

  /** Whole length of the block at `at`, padded; -1 after damage. */
  #blockLength(view: DataView, at: number): number {
    if (view.getUint32(at) === BLOCK_SECTION) {
      const order = view.getUint32(at + BLOCK_HEADER)
      this.#littleEndian = order !== BYTE_ORDER_MAGIC
      if (view.getUint32(at + BLOCK_HEADER, this.#littleEndian) !== BYTE_ORDER_MAGIC)
        return this.#stop('section header without a byte-order mark')
    } else if (!this.#inSection) return this.#stop('not a pcapng file')
    const length = view.getUint32(at + 4, this.#littleEndian)
    if (length < BLOCK_OVERHEAD) return this.#stop(`block of ${length} bytes, fewer than any block has`)
    if (length > MAX_RECORD) return this.#stop(`block of ${length} bytes, more than any block has`)
    return padded(length)
  }

  #block(bytes: Uint8Array, view: DataView, at: number, length: number, batch: PacketBatch): void {
    const little = this.#littleEndian
    const end = at + length - 4
    if (padded(view.getUint32(end, little)) !== length) {
      this.#stop('block does not end with the length that it begins with')
      return
    }
    const type = view.getUint32(at, little)
    const fixed = FIXED_LENGTHS.get(type)
    if (fixed === undefined) {
      if (isNumbered(type)) batch.passOver()
      return
    }
    if (length < fixed + 4) this.#stop(`block of ${length} bytes is shorter than its kind`)
    else if (type === BLOCK_ENHANCED_PACKET)
      this.#packet(bytes, view, at, end, view.getUint32(at + 8, little), batch)
    else if (type === BLOCK_PACKET) this.#packet(bytes, view, at, end, view.getUint16(at + 8, little), batch)
    else if (type === BLOCK_SIMPLE_PACKET) this.#simplePacket(view, at, end, batch)
    else if (type === BLOCK_INTERFACE) this.#interface(bytes, view, at, end)
    else if (type === BLOCK_STATISTICS) this.#statistics(view, at, end)
    else if (type === BLOCK_NAMES)
      this.#options(view, at + BLOCK_HEADER, end, (kind, value, size) =>
        this.#names.add(bytes, view, kind, value, size),
      )
    else this.#section(view, at)
  }

  #section(view: DataView, at: number): void {
    const major = view.getUint16(at + 12, this.#littleEndian)
    const minor = view.getUint16(at + 14, this.#littleEndian)
    // 1.2 was written by mistake for 1.0.
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      this.#stop(`unsupported pcapng version ${major}.${minor}`)
      return
    }
    this.#inSection = true
    this.#firstInterface = this.interfaces.length
  }

  #interface(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    if (this.interfaces.length === MAX_INTERFACES) {
      this.#stop(`more than ${MAX_INTERFACES} interfaces`)
      return
    }
    const little = this.#littleEndian
    let name: string | undefined
    let resolution: number | undefined
    let offset = 0
    this.#options(view, at + INTERFACE_FIXED, end, (code, value, size) => {
      if (code === OPTION_INTERFACE_NAME) name = decodeUtf8(bytes, value, value + size)
      else if (code === OPTION_INTERFACE_RESOLUTION && size >= 1) resolution = view.getUint8(value)
      else if (code === OPTION_INTERFACE_OFFSET && size >= 8) offset = signed64(view, value, little)
    })
    const linkType = view.getUint16(at + 8, little)
    this.interfaces.push({ name, linkType, snaplen: view.getUint32(at + 12, little) })
    this.#clocks.push({
      resolution: new TimeResolution(resolution),
      offset,
      largest: largestPacket(linkType),
      kernelDrops: undefined,
      interfaceDrops: undefined,
    })
  }

  #packet(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    local: number,
    batch: PacketBatch,
  ): void {
    const little = this.#littleEndian
    const iface = this.#firstInterface + local
    const clock = this.#clocks[iface]
    if (clock === undefined) {
      this.#stop(`packet of interface ${local}, which the section does not describe`)
      return
    }
    const captured = view.getUint32(at + 20, little)
    if (captured > end - at - PACKET_FIXED || captured > clock.largest) {
      this.#stop(`packet of ${captured} bytes does not fit its block`)
      return
    }
    const original = Math.max(captured, view.getUint32(at + 24, little))
    clock.resolution.split(view.getUint32(at + 12, little), view.getUint32(at + 16, little))
    const seconds = Math.min(Math.max(clock.resolution.seconds + clock.offset, 0), LAST_SECOND)
    if (!this.#started) {
      this.#started = true
      this.originSeconds = seconds
    }
    this.#lastTime = (seconds - this.originSeconds) * 1e9 + clock.resolution.nanos
    batch.push(at + PACKET_FIXED, captured, original, this.#lastTime, iface)
    const options = at + PACKET_FIXED + padded(captured)
    if (batch.keepsComments && options < end) this.#comments(bytes, view, options, end, batch)
  }

  #comments(bytes: Uint8Array, view: DataView, at: number, end: number, batch: PacketBatch): void {
    this.#options(view, at, end, (code, value, size) => {
      if (code === OPTION_COMMENT) batch.comment(decodeUtf8(bytes, value, value + size))
    })
  }

  /** Always of the section's first interface; its snaplen says how much was captured. */
  #simplePacket(view: DataView, at: number, end: number, batch: PacketBatch): void {
    const described = this.interfaces[this.#firstInterface]
    if (described === undefined) {
      this.#stop('packet of interface 0, which the section does not describe')
      return
    }
    const original = view.getUint32(at + 8, this.#littleEndian)
    const limit = described.snaplen === 0 ? original : Math.min(original, described.snaplen)
    const captured = Math.min(limit, end - at - SIMPLE_PACKET_FIXED)
    batch.push(at + SIMPLE_PACKET_FIXED, captured, original, this.#lastTime, this.#firstInterface)
  }

  /** Counts are totals, so the last block of an interface is what holds. */
  #statistics(view: DataView, at: number, end: number): void {
    const little = this.#littleEndian
    const clock = this.#clocks[this.#firstInterface + view.getUint32(at + 8, little)]
    if (clock === undefined) return
    this.#options(view, at + STATISTICS_FIXED, end, (code, value, size) => {
      if (size < 8) return
      if (code === OPTION_STATISTICS_KERNEL_DROPS) clock.kernelDrops = unsigned64(view, value, little)
      if (code === OPTION_STATISTICS_INTERFACE_DROPS) clock.interfaceDrops = unsigned64(view, value, little)
    })
  }

  /** Options that run over the end of their block are left out, as are all behind them. */
  #options(
    view: DataView,
    at: number,
    end: number,
    each: (code: number, at: number, size: number) => void,
  ): void {
    while (at + 4 <= end) {
      const code = view.getUint16(at, this.#littleEndian)
      const size = view.getUint16(at + 2, this.#littleEndian)
      if (code === OPTION_END || at + 4 + size > end) return
      each(code, at + 4, size)
      at += 4 + padded(size)
    }
  }

  #stop(message: string): -1 {
    this.damage = { offset: this.#position, message }
    return -1
  }
}

/** What Wireshark numbers among the packets: so our numbers are the ones that it shows. */
function isNumbered(type: number): boolean {
  return type === BLOCK_CUSTOM || type === BLOCK_CUSTOM_PRIVATE || type === BLOCK_SYSTEMD_JOURNAL
}

function unsigned64(view: DataView, at: number, little: boolean): number {
  const first = view.getUint32(at, little)
  const second = view.getUint32(at + 4, little)
  return little ? second * 2 ** 32 + first : first * 2 ** 32 + second
}

function signed64(view: DataView, at: number, little: boolean): number {
  const high = view.getInt32(little ? at + 4 : at, little)
  return high * 2 ** 32 + view.getUint32(little ? at : at + 4, little)
}
