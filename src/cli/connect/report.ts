import {
  type Attempt,
  attemptDetails,
  attemptJson,
  attemptLine,
  type Series,
  seriesText,
} from '../../render/attempt.ts'
import { jsonLine } from '../../render/json-text.ts'
import { ladderText } from '../../render/ladder.ts'
import { endpointText, processText } from '../../render/line.ts'
import { sanitize } from '../../render/sanitize.ts'
import { createStyle, type Style, wantsColor } from '../../render/style.ts'
import type { TraceClock } from '../../render/time.ts'
import { count, formatMs } from '../../render/units.ts'
import { verdictJson, verdictText } from '../../render/verdict.ts'
import type { ConnectOptions } from '../connect.ts'
import type { Io } from '../io.ts'
import type { Resolved } from './resolve.ts'
import type { Target } from './target.ts'
import type { Seen } from './watch.ts'

/** What `connect` prints, as text or JSON. */
export class ConnectReport {
  /** No packets are there to be drawn. */
  withoutCapture = false
  readonly #io: Io
  readonly #json: boolean
  readonly #isSeries: boolean
  /** The clock from whose origin verdicts count. */
  readonly #clock: () => TraceClock
  readonly #style: Style
  /** Attempts that were printed, and with which verdict. */
  readonly #printed = new WeakMap<Seen, string | undefined>()

  constructor(io: Io, options: ConnectOptions, clock: () => TraceClock) {
    this.#io = io
    this.#json = options.json === true
    this.#isSeries = options.count !== undefined
    this.#clock = clock
    const { isTerminal, env } = io
    this.#style = createStyle(wantsColor({ choice: options.color, isTerminal, environment: env }))
  }

  begin({ host, port }: Target, addresses: readonly Resolved[], ms: number): void {
    const [only] = addresses
    if (this.#json || (addresses.length === 1 && only!.addr === host)) return
    const list = addresses.map(({ addr }) => addr).join(', ')
    const many = count(addresses.length, 'address', 'addresses')
    this.#write(`${sanitize(host)} port ${port}: ${many}, ${list} (resolved in ${formatMs(ms)})\n`)
  }

  attempt(attempt: Attempt, seen: Seen): void {
    this.#printed.set(seen, verdictKey(seen))
    seen.printed = performance.now()
    if (this.#json) {
      this.#write(attemptJson(attempt))
      this.#verdict(seen)
      return
    }
    const line = attemptLine(attempt, this.#style)
    if (this.#isSeries) this.#write(`${String(attempt.n).padStart(3)}  ${line}\n`)
    else
      this.#write(
        `${line}\n${attemptDetails(attempt)
          .map((detail) => `  ${detail}\n`)
          .join('')}`,
      )
    if (!this.#isSeries) this.#ladder(attempt, seen)
    this.#verdict(seen)
  }

  /** A verdict that came when its attempt was printed already. */
  late(seen: Seen): void {
    if (!this.#printed.has(seen) || this.#printed.get(seen) === verdictKey(seen)) return
    this.#printed.set(seen, verdictKey(seen))
    this.#verdict(seen)
  }

  status(series: Series): void {
    this.#io.note(seriesText(series))
  }

  end(series: Series): void {
    if (!this.#isSeries) return
    this.#write(this.#json ? jsonLine(series) : `${seriesText(series)}\n`)
  }

  #verdict({ verdict }: Seen): void {
    if (verdict === undefined) return
    const { columns, isTerminal } = this.#io
    if (this.#json) this.#write(verdictJson(verdict, this.#clock()))
    else this.#write(verdictText(verdict, { style: this.#style, ...(isTerminal && { columns }) }))
  }

  #ladder({ client, server, process, outcome, call }: Attempt, { rows, flow }: Seen): void {
    const drawn = rows.rows()
    if (drawn.length === 0 || client === undefined) {
      if (!this.withoutCapture && call === undefined) this.#write('  no packet of it was seen\n')
      return
    }
    const ladder = {
      flow: flow ?? 0,
      proto: 'tcp',
      client,
      server: { addr: server.addr, port: server.port },
      clientProcess: `socktrace[${globalThis.process.pid}]`,
      ...(process && { serverProcess: processText(process.server) }),
      outcome,
      rows: drawn,
    }
    const { columns, isTerminal } = this.#io
    this.#write(ladderText(ladder, { style: this.#style, ...(isTerminal && { width: columns }) }))
  }

  #write(text: string): void {
    this.#io.write(text)
    this.#io.flush()
  }
}

function verdictKey({ verdict }: Seen): string | undefined {
  return verdict && `${verdict.verdict} ${verdict.final} ${endpointText(verdict.server)}`
}
