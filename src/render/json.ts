import type { FlowEvent } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import { AsciiLine, Literal } from './ascii-line.ts'
import { putEvent } from './json-event.ts'
import { putFlow } from './json-flow.ts'
import type { TraceClock } from './time.ts'

const END = new Literal('\n')

/**
 * Events and flow records as the lines of the JSON contract (`socktrace schema`): `type` first, then the moment, then
 * the rest. Each line has its newline and is borrowed until the next.
 *
 * They are put together by hand: copies in the right order and `JSON.stringify` took more than twice as long (measured,
 * docs/performance.md). A test holds them byte for byte to `asciiJson`. Numbers are finite throughout.
 */
export class JsonLines {
  readonly #clock: TraceClock
  readonly #line = new AsciiLine()

  constructor(clock: TraceClock) {
    this.#clock = clock
  }

  event(event: FlowEvent): Uint8Array {
    putEvent(this.#line, this.#clock, event)
    return this.#line.object(0).put(END).take()
  }

  flow(flow: FlowRecord): Uint8Array {
    putFlow(this.#line, this.#clock, flow)
    return this.#line.object(0).put(END).take()
  }
}
