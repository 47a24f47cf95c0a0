import { type GroupLine, isGroup, type Line } from './order.ts'
import type { Row } from './row.ts'

/** Which line of the table is selected, and which part of it is on the screen. */
export class TableState {
  lines: readonly Line[] = []
  /** Index of the first line on the screen. */
  top = 0
  /** Lines on the screen; the layout sets it. */
  height = 1
  #index = 0
  /** The selected line is followed where it goes; until the first move the first line is selected, whatever it is. */
  #held: number | string | undefined

  get index(): number {
    return this.#index
  }

  get line(): Line | undefined {
    return this.lines[this.#index]
  }

  get row(): Row | undefined {
    const { line } = this
    return line === undefined || isGroup(line) ? undefined : line
  }

  get groupLine(): GroupLine | undefined {
    const { line } = this
    return line !== undefined && isGroup(line) ? line : undefined
  }

  /** Takes lines in a new order; the selection stays with its line. */
  show(lines: readonly Line[]): void {
    const before = this.#index - this.top
    this.lines = lines
    const held = this.#held
    const found = held === undefined ? 0 : lines.findIndex((line) => identity(line) === held)
    this.#index = Math.max(0, found < 0 ? Math.min(this.#index, lines.length - 1) : found)
    // The selected line keeps its place on the screen.
    if (held !== undefined && found >= 0) this.top = found - before
    this.#scroll()
  }

  move(lines: number): void {
    this.to(this.#index + lines)
  }

  page(pages: number): void {
    this.move(pages * Math.max(1, this.height - 1))
  }

  to(index: number): void {
    this.#select(Math.max(0, Math.min(this.lines.length - 1, index)))
    const { line } = this
    this.#held = index <= 0 || line === undefined ? undefined : identity(line)
  }

  /** The first line again, whatever comes there. */
  first(): void {
    this.#held = undefined
    this.#select(0)
  }

  last(): void {
    this.to(this.lines.length - 1)
  }

  /** Selects a row and stays with it; false when it is not among the lines. */
  hold(row: Row): boolean {
    const index = this.lines.indexOf(row)
    if (index < 0) return false
    this.#select(index)
    this.#held = row.id
    return true
  }

  /** Stays with the line that is selected now. */
  keep(): void {
    const { line } = this
    if (line !== undefined) this.#held = identity(line)
  }

  resize(height: number): void {
    if (height === this.height) return
    this.height = Math.max(1, height)
    this.#scroll()
  }

  #select(index: number): void {
    this.#index = Math.max(0, index)
    this.#scroll()
  }

  #scroll(): void {
    const { height } = this
    if (this.#index < this.top) this.top = this.#index
    if (this.#index >= this.top + height) this.top = this.#index - height + 1
    this.top = Math.max(0, Math.min(this.top, this.lines.length - height))
  }
}

function identity(line: Line): number | string {
  return isGroup(line) ? line.group : line.id
}
