import type { Verdict } from '../../diagnose/verdict.ts'
import type { FlowEvent, Side } from '../../flow/event.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { NANOS_PER_MS } from '../../flow/time.ts'
import type { SocketFilter } from '../../sockets/filter.ts'
import type { HeldSteps } from '../ladder-pane.ts'
import type { Playback } from '../playback.ts'
import { Book, FILE_LIMITS } from './book.ts'
import { EventLog, type LogEntry } from './event-log.ts'
import type { Ends } from './flow-card.ts'
import { FollowBuffer } from './follow-buffer.ts'
import { LineEdit } from './line-edit.ts'
import { arrange, GROUPINGS, type Grouping, SORTS, type Sort } from './order.ts'
import { Rates } from './rates.ts'
import type { Row } from './row.ts'
import { TableState } from './table-state.ts'

export type Pane = 'table' | 'events'
export type Overlay = 'help' | 'ladder' | 'stream'

/** What the header says of the planes. */
export interface Facts {
  engine: string | undefined
  /** The sockets are there; what watches packets and the kernel is not open yet. */
  opening: boolean
  planes: readonly { readonly name: string; readonly watched: boolean }[]
  /** What is missing and how it is mended, one sentence each. */
  lacks: readonly string[]
  droppedKernel: number
  /** Connections in TIME_WAIT, where they are too many to be listed. */
  unlisted: number
}

export interface Counts {
  readonly sockets: number
  readonly states: ReadonlyMap<string, number>
}

/** What the machine tells of the selected socket, asked for while its details are open. */
export interface Selected {
  readonly row: number
  readonly lines: readonly (readonly [label: string, text: string])[]
}

/** Events that are kept back while the screen stands still. */
const MAX_HELD = 10_000

export type ParseFilter = (text: string) => SocketFilter

/** Everything that the screen shows; nothing in it knows of terminals, packets or system calls. */
export class LiveModel {
  book: Book
  log = new EventLog()
  readonly table = new TableState()
  rates = new Rates()
  readonly follow = new FollowBuffer()
  /** Sockets that are there, in all and by state; as of the latest `arrange`. */
  counts: Counts = { sockets: 0, states: new Map() }
  readonly facts: Facts = {
    engine: undefined,
    opening: false,
    planes: [],
    lacks: [],
    droppedKernel: 0,
    unlisted: 0,
  }
  /** Epoch seconds from which events count. */
  originSeconds = 0
  focus: Pane = 'table'
  overlay: Overlay | undefined
  /** First line of the overlay that is shown; followed bytes stay at their end until somebody scrolls. */
  scroll = 0
  sticky = false
  details = false
  /** Lines that the details take; those who draw them set it. */
  detailsNeed = 0
  selected: Selected | undefined
  /** Packets of the connection whose ladder is shown. */
  heldSteps: HeldSteps | undefined
  sort: Sort = 'recent'
  reversed = false
  grouping: Grouping = 'none'
  filter: { readonly text: string; readonly filter: SocketFilter } | undefined
  edit: LineEdit | undefined
  /** Why what is typed is no filter. */
  editError: string | undefined
  /** A question that waits for y or n. */
  question: string | undefined
  /** It is asked as what a connection is to be written. */
  exporting = false
  /** Of a file that is played. */
  readonly playback: Playback | undefined
  /** What the last key did, or could not do. */
  message: { readonly text: string; readonly bad: boolean } | undefined
  readonly #parse: ParseFilter
  readonly #folded = new Set<string>()
  #held: (() => void)[] | undefined
  #skipped = 0
  #arranged = -1
  /** Every row, in the order of the latest `arrange`. */
  #sorted: readonly Row[] = []
  #before: LiveModel['filter']

  constructor(parse: ParseFilter, isHere: (addr: string) => boolean, playback?: Playback) {
    this.#parse = parse
    this.playback = playback
    this.book = this.#newBook(isHere)
  }

  /** Forgets what happened, to see it again; what the user chose stays, since flows and rows get the same numbers. */
  restart(): void {
    this.book = this.#newBook(this.book.isHere)
    this.log = new EventLog()
    this.rates = new Rates()
    const { flow } = this.follow
    this.follow.stop()
    if (flow !== undefined) this.follow.start(flow)
    this.#arranged = -1
    this.#sorted = []
  }

  #newBook(isHere: (addr: string) => boolean): Book {
    return this.playback === undefined ? new Book(isHere) : new Book(isHere, FILE_LIMITS)
  }

  get paused(): boolean {
    return this.#held !== undefined
  }

  /** Events that wait for the end of the pause, and those for which there was no room. */
  get held(): number {
    return (this.#held?.length ?? 0) + this.#skipped
  }

  event(event: FlowEvent): void {
    this.#do(() => {
      const ms = this.#epochMs(event.at)
      const row = this.book.event(event, ms)
      if (event.event !== 'state') this.log.add({ ms, row, event })
    })
  }

  flow(record: FlowRecord, nowMs: number): void {
    this.#do(() => this.book.flow(record, nowMs))
  }

  verdict(verdict: Verdict): void {
    this.#do(() => {
      const ms = this.#epochMs(verdict.at)
      this.log.add({ ms, row: this.book.verdict(verdict, ms), verdict })
    })
  }

  payload(flow: number, side: Side, bytes: number, at: number, ends: () => Ends): void {
    if (!this.paused) this.book.payload(flow, side, bytes, at, this.#epochMs(at), ends)
  }

  note(text: string, ms: number): void {
    this.log.add({ ms, row: undefined, note: text })
  }

  /** The lines of the table as they are now; cheap when nothing changed since. */
  arrange(): void {
    if (this.#arranged === this.book.version) return
    this.#arranged = this.book.version
    this.counts = countStates(this.book.rows.values())
    const { sort, reversed, grouping, filter } = this
    const matches = filter?.filter.matches
    const { lines, sorted } = arrange(
      this.book.rows,
      { matches, sort, reversed, grouping, folded: this.#folded },
      this.#sorted,
    )
    this.#sorted = sorted
    this.table.show(lines)
  }

  /** True when `arrange` would find something else. */
  get stale(): boolean {
    return this.#arranged !== this.book.version
  }

  /** Whether the events pane has an entry: what the filter leaves out of the table is left out there too. */
  readonly shows = (entry: LogEntry): boolean => {
    const matches = this.filter?.filter.matches
    return matches === undefined || entry.row === undefined || matches(entry.row.record)
  }

  nextSort(): void {
    this.sort = SORTS[(SORTS.indexOf(this.sort) + 1) % SORTS.length]!
    this.reversed = false
    this.#rearrange()
  }

  reverse(): void {
    this.reversed = !this.reversed
    this.#rearrange()
  }

  sortBy(sort: Sort): void {
    this.reversed = sort === this.sort && !this.reversed
    this.sort = sort
    this.#rearrange()
  }

  nextGrouping(): void {
    this.grouping = GROUPINGS[(GROUPINGS.indexOf(this.grouping) + 1) % GROUPINGS.length]!
    this.#folded.clear()
    this.#rearrange()
  }

  fold(group: string): void {
    if (!this.#folded.delete(group)) this.#folded.add(group)
    this.table.keep()
    this.#rearrange()
  }

  /** Stands still, or goes on with what happened meanwhile. */
  pause(): void {
    const held = this.#held
    if (held === undefined) {
      this.#held = []
      return
    }
    this.#held = undefined
    this.#skipped = 0
    for (const apply of held) apply()
  }

  openOverlay(overlay: Overlay): void {
    this.overlay = overlay
    this.scroll = 0
    this.sticky = overlay === 'stream'
  }

  startEdit(): void {
    this.#before = this.filter
    this.edit = new LineEdit(this.filter?.text ?? '')
    this.editError = undefined
  }

  /** The text was changed: it filters as soon as it can be read. */
  edited(): void {
    const text = this.edit?.text.trim() ?? ''
    this.editError = undefined
    if (text === '') this.#setFilter(undefined)
    else
      try {
        this.#setFilter({ text, filter: this.#parse(text) })
      } catch (error) {
        this.editError = problemOf(error)
      }
  }

  /** False while the text cannot be read: then it stays open. */
  acceptEdit(): boolean {
    if (this.editError !== undefined) return false
    this.edit = undefined
    return true
  }

  cancelEdit(): void {
    this.edit = undefined
    this.editError = undefined
    this.#setFilter(this.#before)
  }

  clearFilter(): void {
    this.#setFilter(undefined)
  }

  /** Selects the connection of the event under the cursor, leaving the filter if that hides it. */
  selectRow(row: Row): void {
    this.arrange()
    if (!this.table.hold(row)) this.message = { text: 'its row is not in the table any more', bad: false }
  }

  #setFilter(filter: LiveModel['filter']): void {
    this.filter = filter
    this.#rearrange()
  }

  #rearrange(): void {
    this.#arranged = -1
    this.arrange()
  }

  #do(apply: () => void): void {
    if (this.#held === undefined) apply()
    else if (this.#held.length < MAX_HELD) this.#held.push(apply)
    else this.#skipped++
  }

  #epochMs(at: number): number {
    return this.originSeconds * 1000 + at / NANOS_PER_MS
  }
}

function countStates(rows: Iterable<Row>): Counts {
  const states = new Map<string, number>()
  let sockets = 0
  for (const { hasSocket, record } of rows) {
    if (!hasSocket) continue
    sockets++
    states.set(record.state, (states.get(record.state) ?? 0) + 1)
  }
  return { sockets, states }
}

/** `…": expected a state`: the part behind the marked text; the text itself is on the screen. */
function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return /^Cannot read the filter at the \^ in ".*": (.*)$/s.exec(message)?.[1] ?? message
}
