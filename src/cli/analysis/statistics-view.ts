import type { FlowRecord } from '../../flow/record.ts'
import { Statistics } from '../../flow/statistics.ts'
import { jsonLine } from '../../render/json-text.ts'
import { statisticsObject, statisticsText } from '../../render/statistics.ts'
import type { View, ViewParts } from './view.ts'

/** Rows of each table in text, entries of each list in JSON. */
const TEXT_ROWS = 10
const JSON_ROWS = 100
/** Where nothing says how wide the output may be. */
const PLAIN_WIDTH = 120

/** `--stats`: what all flows come to, at the end. */
export class StatisticsView implements View {
  readonly #parts: ViewParts
  readonly #json: boolean
  readonly #statistics = new Statistics(JSON_ROWS)

  constructor(parts: ViewParts, json: boolean) {
    this.#parts = parts
    this.#json = json
  }

  flow(record: FlowRecord): void {
    this.#statistics.add(record)
  }

  finish(): void {
    const { io, style } = this.#parts
    if (this.#json) {
      io.write(jsonLine(statisticsObject(this.#statistics, JSON_ROWS)))
      return
    }
    const width = io.isTerminal ? io.columns : PLAIN_WIDTH
    io.write(statisticsText(this.#statistics, { style, width, rows: TEXT_ROWS }))
  }
}
