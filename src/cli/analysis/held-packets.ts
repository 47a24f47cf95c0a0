import type { PacketToWrite } from '../../capture/pcapng-write.ts'

/** Bytes that are held at most: what comes fast is written without what may be said of it later. */
const CAPACITY = 8 << 20

interface HeldPacket extends PacketToWrite {
  /** Row of its flow, and its serial. */
  readonly row: number
  readonly flow: number
  readonly comments: string[]
}

/** Packets that wait, in order, until what is wrong with the flow of the first is told. Each is a copy. */
export class HeldPackets {
  readonly #isPending: (row: number, flow: number) => boolean
  readonly #packets: HeldPacket[] = []
  #bytes = 0

  /** `isPending`: something about the flow is told soon. */
  constructor(isPending: (row: number, flow: number) => boolean) {
    this.#isPending = isPending
  }

  /** Takes the packet (borrowed) where it has to wait; behind one that waits every other does. */
  take(packet: PacketToWrite, row: number, flow: number): boolean {
    if (this.#packets.length === 0 && !this.#isPending(row, flow)) return false
    const { start, captured } = packet
    const bytes = packet.bytes.slice(start, start + captured)
    this.#packets.push({ ...packet, bytes, start: 0, row, flow, comments: [...(packet.comments ?? [])] })
    this.#bytes += captured
    return true
  }

  /** Adds a comment to the latest packet of a flow; false when none of them is here. */
  comment(flow: number, text: string): boolean {
    const latest = this.#packets.findLast((packet) => packet.flow === flow)
    latest?.comments.push(text)
    return latest !== undefined
  }

  /** Gives those that need not wait any more; `all`: the others too. */
  release(give: (packet: PacketToWrite) => void, all: boolean): void {
    if (this.#packets.length === 0) return
    let count = 0
    for (const packet of this.#packets) {
      if (!all && this.#bytes <= CAPACITY && this.#isPending(packet.row, packet.flow)) break
      give(packet)
      this.#bytes -= packet.captured
      count++
    }
    this.#packets.splice(0, count)
  }
}
