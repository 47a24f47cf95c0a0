import { diff } from '../wire/seq.ts'
import type { PacketStack } from '../wire/stack.ts'
import { ACK, FIN, SYN } from '../wire/tcp-bits.ts'
import { HAS_SACK } from '../wire/tcp-option-numbers.ts'
import type { TcpOptions } from '../wire/tcp-options.ts'

/** Wireshark's: more unacknowledged segments of one direction are not followed. */
const MAX_SEGMENTS = 10_000

/** Wireshark's: more cannot be meant. */
const MAX_BYTES = 2e9

/** What one direction sent and its peer has not acknowledged, oldest first; and what the peer's last SACK covers. */
class Outstanding {
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly times: number[] = []
  /** Before the first number: everything is compared from there. */
  base = -1
  /** After the highest number, and when that was sent. */
  next = 0
  nextTime = 0
  /** Bytes are missing in between: nobody knows how many are on their way until the next ACK. */
  hasHole = false
  sacked = 0
}

/** What the analysis found on the segment, as far as it matters here. */
export interface Findings {
  readonly isRetransmission: boolean
  readonly hasLostBefore: boolean
}

/**
 * Bytes in flight, the round trip of an ACK and the time until a retransmission, packet by packet, as Wireshark 4.0
 * defines them. It keeps every unacknowledged segment, so it is asked only where packets themselves are shown.
 */
export class InFlight {
  /** Sent and not acknowledged after this segment, SACKed ones left out; 0 where not known or nothing was sent. */
  bytes = 0
  /** Nanoseconds since the segment was sent whose end this one acknowledges; NaN where there is none. */
  ackRtt = Number.NaN
  /** Nanoseconds since the oldest unacknowledged segment, when this is a retransmission; else NaN. */
  rto = Number.NaN
  readonly #flows = new Map<number, [client: Outstanding, server: Outstanding]>()

  /** One TCP segment (borrowed) of the flow with this id, at `time` in nanoseconds; sets the three figures. */
  segment(flow: number, fromClient: boolean, stack: PacketStack, time: number, found: Findings): void {
    const { tcp, tcpOptions, payloadLength: length } = stack
    let pair = this.#flows.get(flow)
    if (pair === undefined) {
      pair = [new Outstanding(), new Outstanding()]
      this.#flows.set(flow, pair)
    }
    const sender = pair[fromClient ? 0 : 1]
    const receiver = pair[fromClient ? 1 : 0]
    const { sequence, flags } = tcp
    const control = flags & (SYN | FIN) ? 1 : 0
    const end = (sequence + length + control) >>> 0
    if (sender.base < 0) sender.base = flags & SYN ? sequence : (sequence - 1) >>> 0
    if (found.hasLostBefore) sender.hasHole = true
    this.rto = found.isRetransmission ? time - (sender.times[0] ?? sender.nextTime) : Number.NaN
    if (end !== sequence && sender.times.length < MAX_SEGMENTS) {
      sender.starts.push(sequence)
      sender.ends.push(end)
      sender.times.push(time)
    }
    if (sender.next === 0 || diff(end, sender.next) > 0) {
      sender.next = end
      sender.nextTime = time
    }
    receiver.sacked = sackedBytes(tcpOptions)
    this.ackRtt = acknowledge(receiver, tcp.acknowledgement, time)
    if (flags & ACK) receiver.hasHole = false
    const outstanding = length > 0 && !sender.hasHole ? span(sender) - sender.sacked : 0
    this.bytes = outstanding > 0 && outstanding < MAX_BYTES ? outstanding - control : 0
  }

  /** The flow ended. */
  forget(flow: number): void {
    this.#flows.delete(flow)
  }
}

/** Takes what is acknowledged off the list; nanoseconds since the oldest segment that ends with `ack` was sent. */
function acknowledge({ starts, ends, times }: Outstanding, ack: number, time: number): number {
  let rtt = Number.NaN
  let kept = 0
  for (let i = 0; i < ends.length; i++) {
    const isLeft = diff(ends[i]!, ack) > 0
    if (ends[i] === ack && Number.isNaN(rtt)) rtt = time - times[i]!
    if (!isLeft) continue
    starts[kept] = diff(ack, starts[i]!) > 0 ? ack : starts[i]!
    ends[kept] = ends[i]!
    times[kept++] = times[i]!
  }
  starts.length = ends.length = times.length = kept
  return rtt
}

function span({ starts, ends, base }: Outstanding): number {
  let first = Infinity
  let last = 0
  for (let i = 0; i < ends.length; i++) {
    first = Math.min(first, (starts[i]! - base) >>> 0)
    last = Math.max(last, (ends[i]! - base) >>> 0)
  }
  return last > first ? last - first : 0
}

function sackedBytes(options: TcpOptions): number {
  let bytes = 0
  if (options.present & HAS_SACK)
    for (let block = 0; block < options.sackCount; block++)
      bytes += diff(options.sackRight(block), options.sackLeft(block))
  return bytes
}
