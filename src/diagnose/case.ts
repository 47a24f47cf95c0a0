import type { Endpoint } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import type { CounterSnapshot } from './counter-log.ts'
import type { Verdict } from './verdict.ts'
import { WireTrouble } from './wire-evidence.ts'

/** A case that has no flow yet. */
export const NO_ROW = -1

/** One connection or attempt in trouble, from the first sign to its last verdict. */
export class Case {
  /** `keyOf` its ends. */
  readonly key: string
  readonly proto: 'tcp' | 'udp'
  readonly client: Endpoint
  readonly server: Endpoint
  /** When the attempt began, as far as it was seen. */
  readonly start: Nanos
  readonly wire: WireTrouble = new WireTrouble()
  /** Row and serial of its flow, NO_ROW while no packet was seen. */
  row = NO_ROW
  serial = -1
  /** When it is to be judged next. */
  due = Number.POSITIVE_INFINITY
  /** Counters before it. */
  before: CounterSnapshot | undefined
  given: Verdict | undefined
  /** SYNs (and SYN+ACKs) when it was last judged for them. */
  judgedSyns = 0
  superseded = false
  isMismatchTold = false

  constructor(proto: 'tcp' | 'udp', key: string, client: Endpoint, server: Endpoint, start: Nanos) {
    this.proto = proto
    this.key = key
    this.client = client
    this.server = server
    this.start = start
  }

  get isFinal(): boolean {
    return this.superseded || this.given?.final === true
  }
}
