import type { PacketBatch } from './batch.ts'
import { PcapngWriter } from './pcapng-write.ts'
import type { CaptureInterface } from './source.ts'

/** Bytes and packets that are held. */
const BYTES = 4 << 20
const PACKETS = 1 << 15

/** One packet of the ring; `time` counts nanoseconds since the trace's origin, the rest bytes. */
export interface HeldPacket {
  readonly iface: number
  readonly time: number
  readonly bytes: Uint8Array
  readonly start: number
  readonly captured: number
  readonly original: number
}

/**
 * The latest packets of all flows, 4 MiB or 32 768 of them: what is left of one flow can still be written to a file
 * when somebody has become interested in it. Memory is taken as it fills. Adding one costs the copy of its bytes.
 */
export class PacketRing {
  #bytes = new Uint8Array(1 << 20)
  readonly #start = new Uint32Array(PACKETS)
  readonly #captured = new Uint32Array(PACKETS)
  readonly #original = new Uint32Array(PACKETS)
  readonly #time = new Float64Array(PACKETS)
  readonly #flow = new Float64Array(PACKETS)
  readonly #iface = new Uint16Array(PACKETS)
  /** Serial numbers: of the oldest packet that is held, and of the next one. */
  #first = 0
  #next = 0
  /** Where the next packet's bytes go. */
  #at = 0

  /** Keeps a packet (borrowed) of a flow. */
  add(flow: number, batch: PacketBatch, index: number): void {
    const captured = batch.captured[index]!
    if (captured === 0 || captured > BYTES) return
    this.#makeRoom(captured)
    const from = batch.start[index]!
    this.#bytes.set(batch.bytes.subarray(from, from + captured), this.#at)
    const slot = this.#next % PACKETS
    this.#start[slot] = this.#at
    this.#captured[slot] = captured
    this.#original[slot] = batch.original[index]!
    this.#time[slot] = batch.time[index]!
    this.#flow[slot] = flow
    this.#iface[slot] = batch.iface[index]!
    this.#at += captured
    this.#next++
  }

  /** Packets ever added. */
  get total(): number {
    return this.#next
  }

  /** Time of the oldest packet that is held, if there was an older one. */
  get since(): number | undefined {
    return this.#first === 0 ? undefined : this.#time[this.#first % PACKETS]
  }

  /** The packets of a flow as a pcapng file, and how many they are. */
  write(
    flow: number,
    interfaces: readonly CaptureInterface[],
    originSeconds: number,
    application: string,
  ): { bytes: Uint8Array; packets: number } {
    const writer = new PcapngWriter(application)
    writer.originSeconds = originSeconds
    for (const { name, linkType, snaplen } of interfaces) writer.interface(name, linkType, snaplen)
    let packets = 0
    this.each(flow, (packet) => {
      packets++
      writer.packet(packet)
    })
    return { bytes: writer.take().slice(), packets }
  }

  /** Shows the packets of a flow, oldest first; their bytes are borrowed. */
  each(flow: number, visit: (packet: HeldPacket) => void): void {
    for (let serial = this.#first; serial < this.#next; serial++) {
      const slot = serial % PACKETS
      if (this.#flow[slot] !== flow) continue
      visit({
        iface: this.#iface[slot]!,
        time: this.#time[slot]!,
        bytes: this.#bytes,
        start: this.#start[slot]!,
        captured: this.#captured[slot]!,
        original: this.#original[slot]!,
      })
    }
  }

  /** Forgets the oldest ones, until a packet's bytes fit behind the newest one's. */
  #makeRoom(length: number): void {
    if (this.#at + length > this.#bytes.length && this.#bytes.length < BYTES) this.#grow(length)
    if (this.#at + length > this.#bytes.length) {
      // What stands between here and the end is the oldest: it goes before the beginning is used again.
      this.#forget(this.#at, this.#bytes.length)
      this.#at = 0
    }
    this.#forget(this.#at, this.#at + length)
    if (this.#next - this.#first === PACKETS) this.#first++
  }

  #forget(from: number, to: number): void {
    while (this.#first < this.#next) {
      const start = this.#start[this.#first % PACKETS]!
      const end = start + this.#captured[this.#first % PACKETS]!
      if (end <= from || start >= to) return
      this.#first++
    }
  }

  /** Only before the first time round: the packets stand in order from the beginning on. */
  #grow(length: number): void {
    const bytes = new Uint8Array(Math.min(BYTES, Math.max(2 * this.#bytes.length, this.#at + length)))
    bytes.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = bytes
  }
}
