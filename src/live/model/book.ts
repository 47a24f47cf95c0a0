import type { Verdict } from '../../diagnose/verdict.ts'
import type { Endpoint, FlowEvent, Side } from '../../flow/event.ts'
import type { FlowRecord } from '../../flow/record.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { type Ends, FlowCard } from './flow-card.ts'
import { isConnection, isOfWire, owner, type Row, type SocketKey, tupleKey, wireRecord } from './row.ts'

/** What is kept of connections. */
export interface BookLimits {
  /** How long one stays that closed, ms, and how many do. */
  readonly closedMs: number
  readonly closed: number
  /** Those without a socket that are open: a flood of SYNs pushes out the oldest. */
  readonly wire: number
}

export const CLOSED_MS = 30_000
const LIVE_LIMITS: BookLimits = { closedMs: CLOSED_MS, closed: 500, wire: 2000 }
/** Of a file everything is looked at again. */
export const FILE_LIMITS: BookLimits = { closedMs: Number.POSITIVE_INFINITY, closed: 20_000, wire: 20_000 }
/** Rows in all: more sockets are counted, not listed. */
export const MAX_ROWS = 50_000

/** A flow with its rows: one for each end that is on this machine. */
interface Known {
  readonly card: FlowCard
  readonly rows: Row[]
}

/** Sockets and connections by identity: what listings and packets tell is put together here. */
export class Book {
  readonly rows = new Map<number, Row>()
  /** Counts up when a row comes, goes or looks different. */
  version = 0
  /** Whether an address belongs to this network namespace. */
  readonly isHere: (addr: string) => boolean
  readonly #byKey = new Map<SocketKey, Row>()
  readonly #byTuple = new Map<string, Row>()
  readonly #flows = new Map<number, Known>()
  /** In the order in which they closed. */
  readonly #closed = new Set<Row>()
  /** Open, and only on the wire. */
  readonly #wire = new Set<Row>()
  #listening: ReadonlySet<number> = new Set()
  #nextListening = new Set<number>()
  readonly #limits: BookLimits
  #listing = 0
  #ids = 0

  constructor(isHere: (addr: string) => boolean, limits = LIVE_LIMITS) {
    this.#limits = limits
    this.isHere = isHere
  }

  card(flow: number): FlowCard | undefined {
    return this.#flows.get(flow)?.card
  }

  /** Rows of a flow, the client's end first. */
  rowsOf(flow: number): readonly Row[] {
    return this.#flows.get(flow)?.rows ?? []
  }

  /** The socket at the other end of a connection, where that is in this network namespace too. */
  peerOf({ record: { local, remote } }: Row): Row | undefined {
    return this.#byTuple.get(tupleKey(remote, local))
  }

  event(event: FlowEvent, ms: number): Row | undefined {
    // An attempt of which no packet was seen has no card; its socket's row says the same.
    if (event.flow === undefined) return undefined
    const known = this.#flows.get(event.flow) ?? this.#open(event.flow, endsOf(event), ms)
    known.card.event(event, ms)
    for (const row of known.rows) this.#told(row, known.card, ms)
    this.version++
    return known.rows.find(({ side }) => side === event.sender) ?? known.rows[0]
  }

  /**
   * Payload of one packet, bytes; `at` counts from the trace's origin. A connection older than the trace is known from
   * then on: `ends` is called for it.
   */
  payload(flow: number, side: Side, bytes: number, at: number, ms: number, ends: () => Ends): void {
    const known = this.#flows.get(flow) ?? this.#open(flow, ends(), ms)
    if (known.card.payload(side, bytes, at)) this.version++
  }

  /** The flow ended. */
  flow(record: FlowRecord, ms: number): void {
    const known = this.#flows.get(record.id)
    if (known === undefined) return
    known.card.record = record
    for (const side of ['client', 'server'] as const) {
      const process = record.process?.[side]
      if (process !== undefined) known.card.processes[side] = process
    }
    for (const row of known.rows) if (!row.hasSocket) this.#close(row, ms)
    this.version++
  }

  verdict(verdict: Verdict, ms: number): Row | undefined {
    const rows = verdict.flow === undefined ? [] : this.rowsOf(verdict.flow)
    const row = rows[0] ?? this.#byTuple.get(tupleKey(verdict.client, verdict.server))
    for (const each of rows.length > 0 ? rows : row === undefined ? [] : [row]) {
      each.verdict = verdict
      each.changed = ms
    }
    this.version++
    return row
  }

  /** Begins a listing: every socket is given by `same` or `put`, then `endListing` closes what was not. */
  beginListing(): void {
    this.#listing++
    this.#nextListening = new Set()
  }

  find(key: SocketKey): Row | undefined {
    return this.#byKey.get(key)
  }

  /** The socket is as it was. */
  same(row: Row): void {
    row.listing = this.#listing
    if (row.record.state === 'LISTEN') this.#nextListening.add(row.record.local.port ?? 0)
  }

  /** A new socket, or one that looks different. `ms` is when the kernel told it. */
  put(key: SocketKey, record: SocketRecord, ms: number): Row | undefined {
    const known = this.#byKey.get(key) ?? this.#heir(record)
    if (record.state === 'LISTEN') this.#nextListening.add(record.local.port ?? 0)
    if (known === undefined && this.rows.size >= MAX_ROWS) return undefined
    const row = known ?? this.#add(record)
    if (row.key !== key) {
      if (row.key !== undefined) this.#byKey.delete(row.key)
      row.key = key
      this.#byKey.set(key, row)
    }
    const first = this.#listing === 1
    if (row.record.state !== record.state || (known === undefined && !first)) row.changed = ms
    if (record.processes.length === 0) record.processes = row.record.processes
    row.record = record
    row.hasSocket = true
    row.listing = this.#listing
    row.told = ms
    row.closed = undefined
    this.#closed.delete(row)
    this.#wire.delete(row)
    if (known === undefined) this.#join(row)
    this.version++
    return row
  }

  /** `whole` is false when sockets may have been left out: then none counts as closed. */
  endListing(ms: number, whole: boolean): void {
    this.#listening = this.#nextListening
    if (!whole) return
    for (const row of this.#byKey.values()) if (row.listing !== this.#listing) this.#close(row, ms)
  }

  /** Forgets what closed long ago. True when something went. */
  expire(ms: number): boolean {
    const before = this.rows.size
    for (const row of this.#closed) {
      if (ms - row.closed! < this.#limits.closedMs) break
      this.#forget(row)
    }
    if (this.rows.size === before) return false
    this.version++
    return true
  }

  /** Which end of its connection a socket is, where no packet has told it. */
  sideOf({ local }: SocketRecord): Side {
    return this.#listening.has(local.port ?? 0) ? 'server' : 'client'
  }

  #open(id: number, ends: Ends, ms: number): Known {
    const card = new FlowCard(id, ends, ms)
    const { client, server } = ends
    const known: Known = { card, rows: [] }
    this.#flows.set(card.id, known)
    for (const side of ['client', 'server'] as const) {
      const [local, remote] = side === 'client' ? [client, server] : [server, client]
      const row = this.#byTuple.get(tupleKey(local, remote))
      if (row !== undefined && row.closed === undefined && !row.card) this.#attach(row, known, side)
    }
    if (known.rows.length === 0) {
      const side = !this.isHere(client.addr) && this.isHere(server.addr) ? 'server' : 'client'
      const row = this.#add(wireRecord(card, side))
      this.#wire.add(row)
      this.#limit(this.#wire, this.#limits.wire)
      this.#attach(row, known, side)
    }
    return known
  }

  /** What the wire says of a row's state counts until its socket is listed. */
  #told(row: Row, card: FlowCard, ms: number): void {
    row.changed = ms
    const process = card.processes[row.side]
    if (!row.hasSocket && row.closed === undefined) {
      if (!isOfWire(row.record, card, row.side)) row.record = wireRecord(card, row.side)
    } else if (process !== undefined && row.record.processes.length === 0)
      row.record.processes = [owner(process)]
  }

  #add(record: SocketRecord): Row {
    const row: Row = {
      id: this.#ids++,
      key: undefined,
      record,
      hasSocket: false,
      side: 'client',
      card: undefined,
      verdict: undefined,
      changed: 0,
      closed: undefined,
      told: 0,
      listing: 0,
    }
    this.rows.set(row.id, row)
    if (isConnection(record)) this.#byTuple.set(tupleKey(record.local, record.remote), row)
    return row
  }

  /** The row that a socket with a new cookie goes on with: a connection seen on the wire, a TIME_WAIT. */
  #heir(record: SocketRecord): Row | undefined {
    if (!isConnection(record)) return undefined
    const row = this.#byTuple.get(tupleKey(record.local, record.remote))
    if (row === undefined || row.listing === this.#listing) return undefined
    return row.closed === undefined || record.state === 'TIME_WAIT' ? row : undefined
  }

  /** A socket that was listed first and belongs to a flow that another row shows. */
  #join(row: Row): void {
    const { local, remote } = row.record
    if (!isConnection(row.record)) return
    const card = this.#byTuple.get(tupleKey(remote, local))?.card
    const known = card && this.#flows.get(card.id)
    row.side = this.sideOf(row.record)
    if (known === undefined || known.card.record !== undefined) return
    const { client } = known.card
    this.#attach(row, known, sameEnd(client, local) ? 'client' : 'server')
  }

  #attach(row: Row, known: Known, side: Side): void {
    row.card = known.card
    row.side = side
    known.rows.push(row)
    const process = known.card.processes[side]
    if (process !== undefined && row.record.processes.length === 0) row.record.processes = [owner(process)]
  }

  #close(row: Row, ms: number): void {
    if (row.key !== undefined) this.#byKey.delete(row.key)
    row.key = undefined
    row.hasSocket = false
    this.#wire.delete(row)
    if (row.closed === undefined) {
      row.closed = ms
      row.changed = ms
      this.#closed.add(row)
      this.#limit(this.#closed, this.#limits.closed)
    }
    this.version++
  }

  /** At once, and not with the next listing: thousands may come between two. */
  #limit(rows: ReadonlySet<Row>, most: number): void {
    for (const row of rows) {
      if (rows.size <= most) break
      this.#forget(row)
    }
  }

  #forget(row: Row): void {
    this.rows.delete(row.id)
    this.#closed.delete(row)
    this.#wire.delete(row)
    if (row.key !== undefined) this.#byKey.delete(row.key)
    const tuple = tupleKey(row.record.local, row.record.remote)
    if (this.#byTuple.get(tuple) === row) this.#byTuple.delete(tuple)
    const known = row.card && this.#flows.get(row.card.id)
    if (known === undefined) return
    known.rows.splice(known.rows.indexOf(row), 1)
    if (known.rows.length === 0) this.#flows.delete(known.card.id)
  }
}

function endsOf({ sender, src, dst }: FlowEvent): Ends {
  return sender === 'client' ? { client: src, server: dst } : { client: dst, server: src }
}

function sameEnd(end: Endpoint, { addr, port }: SocketRecord['local']): boolean {
  return end.port === port && (end.addr === addr || `::ffff:${end.addr}` === addr)
}
