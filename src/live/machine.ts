import { canDestroy, destroySockets } from '../host/sockets/destroy.ts'
import { deniedNote } from '../host/sockets/socket-table.ts'
import { DiagRows } from '../sockets/diag-rows.ts'
import { inspect } from './inspect.ts'
import { SocketListing } from './listing.ts'
import type { LiveModel } from './model/model.ts'
import type { Row } from './model/row.ts'
import { OwnerScan } from './owner-scan.ts'

/** What the live view knows of this machine beside packets: its sockets, and who holds them. */
export class Machine {
  readonly #model: LiveModel
  readonly #lack: (text: string) => void
  readonly #owners = new OwnerScan()
  readonly #listing = new SocketListing()
  readonly #detail = new DiagRows()
  #inspected: Row | undefined

  /** `lack` is told what is missing, one sentence each. */
  constructor(model: LiveModel, lack: (text: string) => void) {
    this.#model = model
    this.#lack = lack
  }

  /** Sockets have owners that this user may not see. */
  get lacksOwners(): boolean {
    return this.#owners.lacking
  }

  /** Descriptors of processes are being read: `scan` should be called soon. */
  get scanning(): boolean {
    return this.#owners.busy
  }

  /** Lists the sockets; true when something looks different. */
  list(nowMs: number): boolean {
    const { book, facts, filter, details } = this.#model
    const before = book.version
    const { degraded, unlisted } = this.#listing.read(book, nowMs, filter?.filter.needs.info ?? false)
    for (const note of degraded) this.#lack(note)
    facts.unlisted = unlisted
    book.expire(nowMs)
    if (this.#owners.apply(book.rows.values())) book.version++
    const inspected = details && this.#inspect()
    return book.version !== before || inspected
  }

  /** Looks for owners for some milliseconds; true when a scan ended. */
  scan(): boolean {
    if (!this.#owners.work()) return false
    const { book } = this.#model
    if (this.#owners.apply(book.rows.values())) book.version++
    if (this.lacksOwners) this.#lack(deniedNote(this.#owners.denied))
    return true
  }

  /** The details show another row: what the machine tells of it is asked for at once. */
  selected(): void {
    const { details, table, paused } = this.#model
    if (details && table.row !== this.#inspected && !paused) this.#inspect()
  }

  /** Closes the socket of a row; says what came of it. */
  close({ record }: Row): { readonly text: string; readonly bad: boolean } {
    const [code] = destroySockets([record])
    const bad = (text: string): { text: string; bad: boolean } => ({ text, bad: true })
    switch (code) {
      case undefined:
        return { text: 'closed', bad: false }
      case 'EPERM':
      case 'EACCES':
        return bad('cannot close it: run with sudo (CAP_NET_ADMIN)')
      case 'EOPNOTSUPP':
        return bad('this kernel cannot close sockets (CONFIG_INET_DIAG_DESTROY)')
      case 'ENOENT':
        return bad('it was gone')
      default:
        return bad(`not closed: ${code}`)
    }
  }

  canClose(row: Row | undefined): row is Row {
    return row?.hasSocket === true && canDestroy(row.record)
  }

  /** What the machine tells of the selected socket; true when it is something else than before. */
  #inspect(): boolean {
    const model = this.#model
    const { row } = model.table
    if (row === undefined) return false
    this.#inspected = row
    const selected = inspect(row, this.#detail)
    const same = JSON.stringify(selected) === JSON.stringify(model.selected)
    model.selected = selected
    return !same
  }
}
