import type { HeldPacket, PacketRing } from '../../capture/packet-ring.ts'
import type { CaptureInterface } from '../../capture/source.ts'
import type { HeldStep } from '../../live/ladder-pane.ts'
import type { FlowCard } from '../../live/model/flow-card.ts'
import { segmentText } from '../../render/ladder-model.ts'
import { formatAddress } from '../../wire/address.ts'
import { Frame } from '../../wire/frame.ts'
import { KIND_TCP, PacketStack } from '../../wire/stack.ts'
import { ACK, SYN } from '../../wire/tcp-bits.ts'

/** The packets of one flow that a ring still holds, as steps of a ladder: decoded when somebody looks. */
export class PacketSteps {
  readonly #ring: PacketRing
  readonly #frame = new Frame()
  readonly #stack = new PacketStack()
  /** Of what was looked at last, when the ring had got so many packets. */
  #last: { readonly flow: number; readonly total: number; readonly steps: readonly HeldStep[] } | undefined

  constructor(ring: PacketRing) {
    this.#ring = ring
  }

  /** Oldest first. An acknowledgement counts from the other side's SYN, or from its first byte that is held. */
  of(card: FlowCard, interfaces: readonly CaptureInterface[]): readonly HeldStep[] {
    const { total } = this.#ring
    if (this.#last?.flow === card.id && this.#last.total === total) return this.#last.steps
    const steps: HeldStep[] = []
    const origins: Record<'client' | 'server', number | undefined> = { client: undefined, server: undefined }
    this.#ring.each(card.id, (packet) => {
      if (!this.#decode(packet, interfaces[packet.iface]?.linkType ?? 0)) return
      const { tcp, payloadLength } = this.#stack
      const fromClient = this.#isFrom(card.client)
      const { acknowledgement, flags, sequence } = tcp
      const [sender, receiver] = fromClient
        ? (['client', 'server'] as const)
        : (['server', 'client'] as const)
      if ((flags & SYN) !== 0) origins[sender] = sequence
      else origins[sender] ??= sequence - 1
      if ((flags & ACK) !== 0) origins[receiver] ??= acknowledgement - 1
      const what = segmentText(flags, payloadLength, (acknowledgement - (origins[receiver] ?? 0)) >>> 0)
      steps.push({ at: packet.time, fromClient, what, len: payloadLength })
    })
    this.#last = { flow: card.id, total, steps }
    return steps
  }

  #decode({ bytes, start, captured, original, time }: HeldPacket, linkType: number): boolean {
    this.#frame.rebind(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    this.#frame.move(start, captured, original)
    return this.#stack.walk(this.#frame, linkType, time) === KIND_TCP
  }

  #isFrom({ addr, port }: FlowCard['client']): boolean {
    const { family, source, sourcePort } = this.#stack
    return sourcePort === port && formatAddress(family, source) === addr
  }
}
