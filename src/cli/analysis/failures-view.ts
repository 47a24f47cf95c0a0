import { FailureCounts } from '../../diagnose/failure-counts.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import { failuresText } from '../../render/failures.ts'
import type { View, ViewParts } from './view.ts'

/** Rows of the table. */
const ROWS = 50
/** Where nothing says how wide the output may be. */
const PLAIN_WIDTH = 120

/** `--failures`: behind the verdicts, how often each came, to which peer, of which process. */
export class FailuresView implements View {
  readonly #parts: ViewParts
  readonly #counts = new FailureCounts()

  constructor(parts: ViewParts) {
    this.#parts = parts
  }

  verdict(verdict: Verdict): void {
    this.#counts.add(verdict)
  }

  finish(): void {
    const { io, style, superseded } = this.#parts
    const text = failuresText(this.#counts, superseded(), ROWS, {
      style,
      width: io.isTerminal ? io.columns : PLAIN_WIDTH,
    })
    if (text !== '') io.write(`\n${text}`)
  }
}
