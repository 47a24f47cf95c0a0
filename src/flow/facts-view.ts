import * as at from './facts-layout.ts'
import { FlowMemory } from './memory.ts'
import type { ConnState, Outcome, Rtt, Teardown } from './record.ts'
import { CONN_STATES, OUTCOMES, TEARDOWNS } from './record-words.ts'

const NOTHING = new FlowMemory()

/** What the engine computed last for a flow's record (`engine/facts.ts`): a view of its memory. */
export class FactsView {
  private readonly from: number
  private bytes: Uint8Array = NOTHING.bytes
  private doubles: Float64Array = NOTHING.doubles

  /** `from` is their address. */
  constructor(memory: FlowMemory, from: number) {
    this.from = from
    memory.bind(this)
  }

  rebind(memory: FlowMemory): void {
    this.bytes = memory.bytes
    this.doubles = memory.doubles
  }

  /** Time of the flow's last packet. */
  get end(): number {
    return this.double(at.FACT_END)
  }

  /** Milliseconds; `null` where a step is missing, or one that was sent twice makes it ambiguous. */
  get rttMs(): number | null {
    return this.known(at.FACT_RTT_MS)
  }
  get clientRttMs(): number | null {
    return this.known(at.FACT_CLIENT_RTT_MS)
  }
  get serverRttMs(): number | null {
    return this.known(at.FACT_SERVER_RTT_MS)
  }

  get connState(): ConnState {
    return CONN_STATES[this.byte(at.FACT_CONN_STATE)]!
  }

  get outcome(): Outcome {
    return OUTCOMES[this.byte(at.FACT_OUTCOME)]!
  }

  /** Of a TCP flow. */
  get teardown(): Teardown {
    const initiator = (['client', 'server', null] as const)[this.byte(at.FACT_INITIATOR)]!
    return { kind: TEARDOWNS[this.byte(at.FACT_TEARDOWN)]!, initiator }
  }

  get communityId(): string {
    let text = ''
    for (let i = 0; i < at.COMMUNITY_ID_LENGTH; i++)
      text += String.fromCharCode(this.byte(at.FACT_COMMUNITY_ID + i))
    return text
  }

  /** Length of the stream that a side sent; `side` is 0 for the client, 1 for the server. */
  streamLength(side: number): number {
    return this.ofSide(side, at.FACT_BYTES)
  }

  /** Its round trips, of which there are some. */
  rtt(side: number, samples: number): Rtt {
    return {
      min: this.ofSide(side, at.FACT_MIN),
      avg: this.ofSide(side, at.FACT_AVG),
      max: this.ofSide(side, at.FACT_MAX),
      stddev: this.ofSide(side, at.FACT_STDDEV),
      samples,
    }
  }

  private byte(offset: number): number {
    return this.bytes[this.from + offset]!
  }

  private double(offset: number): number {
    return this.doubles[(this.from + offset) / 8]!
  }

  private known(offset: number): number | null {
    const value = this.double(offset)
    return Number.isNaN(value) ? null : value
  }

  private ofSide(side: number, offset: number): number {
    return this.double(at.FACT_SIDES + side * at.FACT_SIDE_BYTES + offset)
  }
}
