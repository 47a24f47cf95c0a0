import type { Verdict } from '../../diagnose/verdict.ts'
import type { FlowEvent } from '../../flow/event.ts'
import { Ring } from './ring.ts'
import type { Row } from './row.ts'

/** Something that happened, at an epoch time in ms. `row` is the connection that it belongs to. */
export type LogEntry = { readonly ms: number; readonly row: Row | undefined } & (
  | { readonly event: FlowEvent }
  | { readonly verdict: Verdict }
  | { readonly note: string }
)

const CAPACITY = 4000

/** The latest events and the part of them that is on the screen: the end, until somebody moves. */
export class EventLog {
  readonly #ring = new Ring<LogEntry>(CAPACITY)
  /** Serial of the entry that the cursor is on, while it does not follow the end. */
  #cursor: number | undefined
  /** Serial of the lowest entry on the screen while it does not follow. */
  #bottom = 0
  height = 1

  get following(): boolean {
    return this.#cursor === undefined
  }

  /** Entries that came since it stopped following. */
  get unseen(): number {
    return this.#cursor === undefined ? 0 : this.#ring.total - 1 - this.#bottom
  }

  get total(): number {
    return this.#ring.total
  }

  add(entry: LogEntry): void {
    this.#ring.add(entry)
  }

  /** The entries on the screen, oldest first, of those that `shown` lets through. */
  visible(shown: (entry: LogEntry) => boolean): { entries: LogEntry[]; cursor: number } {
    const { height } = this
    if (this.#cursor === undefined) {
      const entries = this.#before(this.#ring.total, height, shown).map(({ entry }) => entry)
      return { entries, cursor: entries.length - 1 }
    }
    if (this.#cursor > this.#bottom) this.#bottom = this.#cursor
    let page = this.#before(this.#bottom + 1, height, shown)
    if (page.length > 0 && this.#cursor < page[0]!.serial) {
      // Moved above the screen: the cursor's entry becomes the first.
      page = this.#after(this.#cursor, height, shown)
      this.#bottom = page.at(-1)?.serial ?? this.#bottom
    }
    const cursor = page.findIndex(({ serial }) => serial >= this.#cursor!)
    return { entries: page.map(({ entry }) => entry), cursor: cursor < 0 ? page.length - 1 : cursor }
  }

  move(lines: number, shown: (entry: LogEntry) => boolean): void {
    const from = this.#cursor ?? this.#ring.total - 1
    const found =
      lines < 0 ? this.#before(from, -lines, shown).at(0) : this.#after(from + 1, lines, shown).at(-1)
    if (lines > 0 && (found === undefined || this.#after(found.serial + 1, 1, shown).length === 0))
      this.follow()
    else if (found !== undefined) {
      if (this.#cursor === undefined) this.#bottom = this.#ring.total - 1
      this.#cursor = found.serial
    }
  }

  /** Back to the end. */
  follow(): void {
    this.#cursor = undefined
  }

  first(shown: (entry: LogEntry) => boolean): void {
    this.move(-CAPACITY, shown)
  }

  #before(
    end: number,
    most: number,
    shown: (entry: LogEntry) => boolean,
  ): { serial: number; entry: LogEntry }[] {
    const found: { serial: number; entry: LogEntry }[] = []
    for (let serial = end - 1; found.length < most; serial--) {
      const entry = this.#ring.at(serial)
      if (entry === undefined) break
      if (shown(entry)) found.push({ serial, entry })
    }
    return found.reverse()
  }

  #after(
    start: number,
    most: number,
    shown: (entry: LogEntry) => boolean,
  ): { serial: number; entry: LogEntry }[] {
    const found: { serial: number; entry: LogEntry }[] = []
    const first = Math.max(start, this.#ring.total - this.#ring.length)
    for (let serial = first; found.length < most; serial++) {
      const entry = this.#ring.at(serial)
      if (entry === undefined) break
      if (shown(entry)) found.push({ serial, entry })
    }
    return found
  }
}
