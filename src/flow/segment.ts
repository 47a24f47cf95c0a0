import { Frame } from '../wire/frame.ts'
import { TcpOptions } from '../wire/tcp-options.ts'
import type { FlowView } from './flow-view.ts'
import * as at from './layout.ts'
import { FlowMemory } from './memory.ts'
import type { SideView } from './side-view.ts'
import type { Nanos } from './time.ts'

const NOTHING = new FlowMemory()

/**
 * The TCP segment at hand and what the engine found in it: a borrowed view of the engine's memory.
 */
export class Segment {
  readonly flow: FlowView
  private words: Uint32Array = NOTHING.words
  private doubles: Float64Array = NOTHING.doubles
  private readonly word: number
  private readonly double: number
  private readonly frame = new Frame()
  private readonly read = new TcpOptions()
  private given = this.read

  /** `address` is where the segment is in the memory. */
  constructor(flow: FlowView, memory: FlowMemory, address: number) {
    this.flow = flow
    this.word = address / 4
    this.double = address / 8
    memory.bind(this)
  }

  rebind(memory: FlowMemory): void {
    this.words = memory.words
    this.doubles = memory.doubles
    this.frame.rebind(memory.bytes, memory.view)
  }

  /** Puts the views of its flow on the row. */
  settle(): void {
    this.flow.move(this.words[this.word + at.SEGMENT_ROW]!)
  }

  get sender(): SideView {
    return this.flow.side(this.words[this.word + at.SEGMENT_DIRECTION]!)
  }
  get receiver(): SideView {
    return this.flow.side(1 - this.words[this.word + at.SEGMENT_DIRECTION]!)
  }
  get time(): Nanos {
    return this.doubles[this.double]! as Nanos
  }
  /** 1-based frame number. */
  get packet(): number {
    return this.doubles[this.double + 1]!
  }
  get iface(): number {
    return this.words[this.word + at.SEGMENT_IFACE]!
  }
  get sequence(): number {
    return this.words[this.word + at.SEGMENT_SEQUENCE]!
  }
  get acknowledgement(): number {
    return this.words[this.word + at.SEGMENT_ACKNOWLEDGEMENT]!
  }
  /** Nine bits, as `wire/tcp-bits.ts` names them. */
  get flags(): number {
    return this.words[this.word + at.SEGMENT_FLAGS]!
  }
  /** Unscaled. */
  get window(): number {
    return this.words[this.word + at.SEGMENT_WINDOW]!
  }
  /** TTL or hop limit. */
  get ttl(): number {
    return this.words[this.word + at.SEGMENT_TTL]!
  }
  /** Payload bytes on the wire. */
  get length(): number {
    return this.words[this.word + at.SEGMENT_LENGTH]!
  }
  /** Sequence number after the payload, plus one for a SYN or FIN. */
  get end(): number {
    return this.words[this.word + at.SEGMENT_END]!
  }
  /** ANOMALY_ bits. */
  get anomalies(): number {
    return this.words[this.word + at.SEGMENT_ANOMALIES]!
  }
  /** STEP_ bits. */
  get steps(): number {
    return this.words[this.word + at.SEGMENT_STEPS]!
  }
  /** States before and after (`state-numbers.ts`): the sender's as proven, the receiver's as expected. */
  get senderFrom(): number {
    return this.words[this.word + at.SEGMENT_SENDER_FROM]!
  }
  get senderTo(): number {
    return this.words[this.word + at.SEGMENT_SENDER_TO]!
  }
  /** What the sender was expected to be in before. */
  get senderExpected(): number {
    return this.words[this.word + at.SEGMENT_SENDER_EXPECTED]!
  }
  get receiverFrom(): number {
    return this.words[this.word + at.SEGMENT_RECEIVER_FROM]!
  }
  get receiverTo(): number {
    return this.words[this.word + at.SEGMENT_RECEIVER_TO]!
  }
  /** RESET_ constant of `steps.ts`, when the segment is a reset. */
  get resetEffect(): number {
    return this.words[this.word + at.SEGMENT_RESET_EFFECT]!
  }

  /** Borrowed. */
  get options(): TcpOptions {
    const offset = this.words[this.word + at.SEGMENT_OPTIONS]!
    if (offset === 0) return this.given
    const length = this.words[this.word + at.SEGMENT_OPTIONS_LENGTH]!
    this.frame.move(offset, length, length)
    this.read.at(this.frame, offset, length)
    return this.read
  }

  /** Those of a segment that the engine did not read. */
  set options(options: TcpOptions) {
    this.given = options
    this.words[this.word + at.SEGMENT_OPTIONS] = 0
  }
}
