import { InFlight } from '../../src/flow/in-flight.ts'
import { KIND_TCP } from '../../src/wire/stack.ts'
import type { FedPacket } from '../support/feed.ts'
import type { Tally } from './tally.ts'
import { byFrame, type Figures, type TsharkFacts } from './tshark.ts'

const NANOS_OF_MICROSECOND = 1000

/** Bytes in flight, round trips and retransmission times of a capture, by frame. */
export class PacketFigures {
  readonly bytes = new Map<number, number>()
  readonly ackRtt = new Map<number, number>()
  readonly rto = new Map<number, number>()
  readonly #inFlight = new InFlight()

  take({ tracker, stack, row, number, time, events }: FedPacket): void {
    if (stack.kind !== KIND_TCP) return
    const inFlight = this.#inFlight
    inFlight.segment(tracker.idOf(row), tracker.isFromClient(row), stack, time, {
      isRetransmission: events.some(({ event }) => event === 'retransmission'),
      hasLostBefore: events.some(({ event }) => event === 'lost_segment'),
    })
    if (inFlight.bytes !== 0) this.bytes.set(number, inFlight.bytes)
    if (!Number.isNaN(inFlight.ackRtt)) this.ackRtt.set(number, inFlight.ackRtt)
    if (!Number.isNaN(inFlight.rto)) this.rto.set(number, inFlight.rto)
  }
}

export interface FigureTallies {
  readonly inFlight: Tally
  readonly ackRtt: Tally
  readonly rto: Tally
}

export function compareFigures(
  tallies: FigureTallies,
  file: string,
  ours: PacketFigures,
  { figures }: TsharkFacts,
): void {
  const { inFlight, ackRtt, rto } = tallies
  compareEach(inFlight, file, 'bytes_in_flight', ours.bytes, figures.bytes_in_flight, 0)
  compareEach(ackRtt, file, 'ack_rtt', ours.ackRtt, figures.ack_rtt, NANOS_OF_MICROSECOND)
  compareEach(rto, file, 'rto', ours.rto, figures.rto, NANOS_OF_MICROSECOND)
}

/** tshark shows no time of 0. */
function compareEach(
  tally: Tally,
  file: string,
  name: string,
  ours: ReadonlyMap<number, number>,
  figures: Figures,
  rounding: number,
): void {
  const theirs = byFrame(figures)
  for (const frame of new Set([...ours.keys(), ...theirs.keys()]))
    tally.compareWithin(
      file,
      `frame ${frame} ${name}`,
      ours.get(frame) ?? 0,
      theirs.get(frame) ?? 0,
      rounding,
    )
}
