import { LocalAddresses } from '../host/local-addresses.ts'
import { Terminal } from '../host/terminal.ts'
import { endpointText, NUMERIC } from '../render/socket-text.ts'
import type { Style } from '../render/style.ts'
import { type TimeFormat, TraceClock } from '../render/time.ts'
import { count } from '../render/units.ts'
import { parseAddress } from '../wire/address.ts'
import { countdown } from './countdown.ts'
import { exportFile, exportText, type HeldPackets } from './export.ts'
import { renderFrame } from './frame.ts'
import { readFilter } from './inspect.ts'
import { type Effect, pressKey } from './keyboard.ts'
import { KeyDecoder } from './keys.ts'
import type { HeldSteps } from './ladder-pane.ts'
import { ROOMY } from './layout.ts'
import { Machine } from './machine.ts'
import type { FlowCard } from './model/flow-card.ts'
import { LiveModel } from './model/model.ts'
import type { Row } from './model/row.ts'
import type { Playback } from './playback.ts'
import { Screen } from './screen.ts'

/** Shortest time between two frames that nobody asked for, and after a key, ms. */
const FRAME_MS = 100
const KEY_FRAME_MS = 20
/** An escape character with nothing behind it for this long is the Esc key, ms. */
const ESCAPE_MS = 30
/** Listings and orderings take at most a share of the time. */
const LISTING_MS = 1000
const LISTING_SHARE = 0.015
const ARRANGE_MS = 250
const ARRANGE_SHARE = 0.01
/** Between two pieces of a scan of /proc, ms. */
const SLICE_PAUSE_MS = 30
/** A countdown in tenths of a second below this, ms. */
const TENTHS_BELOW = 10_000

export interface AppOptions {
  readonly style: Style
  readonly unicode: boolean
  readonly timeFormat: TimeFormat
  /** Called when the user wants to leave; the screen stays until `close`. */
  readonly quit: () => void
  /** A file is played: its time, and nothing of this machine. */
  readonly playback?: Playback
  /** The user moved in its time. */
  readonly moved?: () => void
}

/** The capture, as far as the screen shows it. */
export interface CaptureFacts {
  readonly engine: string
  dropped(): number
  /** What is held of the packets of a flow, as a capture file. */
  packetsOf(flow: number): HeldPackets
  /** The same as the steps of a ladder. */
  stepsOf(card: FlowCard): HeldSteps
}

/** The full-screen view: terminal, model and machine put together. */
export class LiveApp {
  readonly model: LiveModel
  /** What went wrong in a callback: the run ends and throws it. */
  failure: unknown
  readonly #options: AppOptions
  readonly #terminal: Terminal
  readonly #screen: Screen
  readonly #decoder = new KeyDecoder()
  readonly #machine: Machine | undefined
  readonly #clock = new TraceClock(0)
  readonly #restore = (): void => this.#leave()
  #capture: CaptureFacts | undefined
  #kernel = false
  #frameTimer: NodeJS.Timeout | undefined
  #frameDue = Number.POSITIVE_INFINITY
  #lookTimer: NodeJS.Timeout | undefined
  #escapeTimer: NodeJS.Timeout | undefined
  #drawn = Number.NEGATIVE_INFINITY
  #arranged = Number.NEGATIVE_INFINITY
  #arrangeCost = 0
  #toClose: Row | undefined
  #open = false

  constructor(options: AppOptions) {
    this.#options = options
    const { playback } = options
    if (playback === undefined) {
      const addresses = new LocalAddresses()
      this.model = new LiveModel(readFilter, (addr) => {
        const address = parseAddress(addr)
        return address !== undefined && addresses.has(address)
      })
      this.#machine = new Machine(this.model, (text) => this.lack(text))
    } else {
      this.model = new LiveModel(readFilter, () => false, playback)
      playback.changed = () => options.moved?.()
    }
    this.#terminal = new Terminal({
      input: this.#guarded((text: string) => this.#input(text)),
      resized: this.#guarded(() => this.#redraw()),
      suspend: () => this.#screen.leave(),
      resume: this.#guarded(() => {
        this.#screen.enter()
        this.#redraw()
      }),
    })
    this.#screen = new Screen((text) => this.#terminal.write(text))
  }

  /** Takes the terminal and shows the sockets as they are. */
  start(): void {
    this.#open = true
    this.model.facts.opening = this.#machine !== undefined
    process.on('exit', this.#restore)
    this.#terminal.open()
    this.#screen.enter()
    this.model.details = this.#terminal.rows >= ROOMY
    // At once, so that a key is answered; the sockets follow as soon as they are read.
    this.#frame()
    this.#look()
    this.model.arrange()
    this.#frame()
  }

  /** What was shown is told again from its beginning. */
  restart(): void {
    this.model.restart()
    this.touch()
  }

  /** Epoch milliseconds of what is shown. */
  get now(): number {
    return this.#options.playback?.now ?? Date.now()
  }

  /** Packets are watched from now on. */
  capturing(capture: CaptureFacts): void {
    this.#capture = capture
    this.model.facts.opening = false
    if (this.#machine !== undefined) this.model.facts.engine = `engine ${capture.engine}`
    this.#planes()
  }

  /** What the kernel tells of its own is watched, or what is missing for that. */
  kernel(watched: boolean, degraded: readonly string[]): void {
    this.#kernel = watched
    for (const text of degraded) this.lack(text)
    this.#planes()
  }

  /** One sentence on what is missing; the `worst` stands first. */
  lack(text: string, worst = false): void {
    if (this.model.facts.lacks.includes(text)) return
    const { lacks } = this.model.facts
    this.model.facts.lacks = worst ? [text, ...lacks] : [...lacks, text]
    if (worst) this.model.facts.opening = false
    this.#planes()
  }

  /** Something in the model changed: it is shown with the next frame. */
  touch(): void {
    this.#schedule(FRAME_MS)
  }

  /** Gives the terminal back. Idempotent. */
  close(): void {
    this.#open = false
    clearTimeout(this.#frameTimer)
    clearTimeout(this.#lookTimer)
    clearTimeout(this.#escapeTimer)
    process.off('exit', this.#restore)
    this.#leave()
  }

  #leave(): void {
    try {
      this.#screen.leave()
    } catch {
      // The terminal is gone; there is nothing to restore.
    }
    this.#terminal.close()
  }

  /** An error in a callback must not leave the terminal as it is. */
  #guarded<Args extends readonly unknown[]>(action: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        if (this.#open) action(...args)
      } catch (error) {
        this.failure ??= error
        this.close()
        this.#options.quit()
      }
    }
  }

  #planes(): void {
    const machine = this.#machine
    if (machine === undefined || this.model.facts.opening) return
    this.model.facts.planes = [
      { name: 'wire', watched: this.#capture !== undefined },
      { name: 'socket', watched: true },
      { name: 'process', watched: !machine.lacksOwners },
      { name: 'kernel', watched: this.#kernel },
    ]
    this.touch()
  }

  /** Once a second: the sockets, the rates, what the kernel had no room for. */
  readonly #look = this.#guarded(() => {
    const { model } = this
    const started = performance.now()
    const now = this.now
    let changed = model.rates.look(now)
    if (this.#machine !== undefined && !model.paused) changed = this.#machine.list(now) || changed
    const dropped = this.#capture?.dropped() ?? 0
    if (dropped !== model.facts.droppedKernel) {
      const more = dropped - model.facts.droppedKernel
      model.note(`the kernel dropped ${count(more, 'packet')}: segments may be missing here`, now)
      model.facts.droppedKernel = dropped
      changed = true
    }
    if (changed || this.#options.playback?.playing) this.touch()
    const cost = performance.now() - started
    this.#lookTimer = setTimeout(this.#look, Math.max(LISTING_MS, cost / LISTING_SHARE))
    // The sockets are shown first: one process with 10 000 descriptors takes 60 ms.
    setTimeout(this.#scan, SLICE_PAUSE_MS)
  })

  readonly #scan = this.#guarded(() => {
    const machine = this.#machine
    if (machine === undefined) return
    if (machine.scan()) this.#planes()
    if (machine.scanning) setTimeout(this.#scan, SLICE_PAUSE_MS)
  })

  #input(text: string): void {
    clearTimeout(this.#escapeTimer)
    for (const key of this.#decoder.feed(text)) this.#press(key)
    if (this.#decoder.waiting)
      this.#escapeTimer = setTimeout(
        this.#guarded(() => {
          for (const key of this.#decoder.flush()) this.#press(key)
        }),
        ESCAPE_MS,
      )
  }

  #press(key: { readonly key: string }): void {
    const { columns, rows } = this.#terminal
    const effect = pressKey(this.model, key, columns, rows)
    if (effect !== undefined) this.#effect(effect)
    this.#machine?.selected()
    this.#schedule(KEY_FRAME_MS)
  }

  #effect(effect: Effect): void {
    const { model } = this
    const { row } = model.table
    switch (effect) {
      case 'quit':
        this.#options.quit()
        break
      case 'suspend':
        this.#terminal.suspend()
        break
      case 'redraw':
        this.#screen.invalidate()
        break
      case 'confirmed':
        this.#closeSocket()
        break
      case 'export-text':
        this.#export(row, 'ndjson', (clock, now) => exportText(row!, clock, now))
        break
      case 'export-packets':
        this.#exportPackets(row)
        break
      case 'close-socket':
        this.#askToClose(row)
        break
      case 'bytes':
        this.#follow(row)
        break
      default:
        effect satisfies never
    }
  }

  #follow(row: Row | undefined): void {
    if (row?.card === undefined) this.#say('no packet of this connection was seen yet', true)
    else {
      const { model } = this
      model.follow.start(row.card.id)
      model.table.keep()
      model.openOverlay('stream')
    }
  }

  #say(text: string, bad = false): void {
    this.model.message = { text, bad }
  }

  #export(
    row: Row | undefined,
    ending: string,
    content: (clock: TraceClock, now: number) => string | Uint8Array,
    remark = '',
  ): void {
    if (row === undefined) return
    const clock = new TraceClock(this.model.originSeconds)
    const now = this.now * 1e6 - this.model.originSeconds * 1e9
    try {
      this.#say(`written to ${exportFile(row, ending, content(clock, now), clock, now)}${remark}`)
    } catch (error) {
      this.#say(`cannot write the file: ${(error as Error).message}`, true)
    }
  }

  #exportPackets(row: Row | undefined): void {
    const held = row?.card && this.#capture?.packetsOf(row.card.id)
    if (held === undefined || held.packets === 0)
      this.#say('no packet of this connection is held: only the latest ones are', true)
    else {
      const gone = held.whole ? '' : '; older ones are not held any more'
      this.#export(row, 'pcapng', () => held.bytes, `: ${count(held.packets, 'packet')}${gone}`)
    }
  }

  #askToClose(row: Row | undefined): void {
    if (!this.#machine?.canClose(row)) {
      this.#say('only a TCP or UDP socket of this machine can be closed', true)
      return
    }
    const { record } = row
    const [from, to] = [endpointText(record, 'local', NUMERIC), endpointText(record, 'remote', NUMERIC)]
    this.#toClose = row
    this.model.table.keep()
    this.model.question = `Close ${from} → ${to}?`
  }

  #closeSocket(): void {
    if (this.#toClose !== undefined) this.model.message = this.#machine?.close(this.#toClose)
  }

  #redraw(): void {
    this.#screen.invalidate()
    this.#schedule(KEY_FRAME_MS)
  }

  /** A frame at the latest `ms` after the one before. */
  #schedule(ms: number): void {
    if (!this.#open) return
    const due = Math.max(performance.now(), this.#drawn + ms)
    if (due >= this.#frameDue) return
    this.#frameDue = due
    clearTimeout(this.#frameTimer)
    this.#frameTimer = setTimeout(this.#frame, due - performance.now())
  }

  readonly #frame = this.#guarded(() => {
    const { model } = this
    const { columns, rows } = this.#terminal
    const { style, unicode, timeFormat } = this.#options
    this.#frameDue = Number.POSITIVE_INFINITY
    this.#arrange()
    this.#holdSteps()
    const now = this.now
    const format = { columns, rows, style, unicode, timeFormat, clock: this.#clock }
    this.#screen.draw(renderFrame(model, format, now))
    this.#drawn = performance.now()
    if (this.#options.playback?.playing) this.#schedule(FRAME_MS)
    if (model.stale) this.#schedule(this.#arrangeWait())
    const soonest = countdown(model, now)
    if (soonest !== undefined) this.#schedule(soonest < TENTHS_BELOW ? FRAME_MS : LISTING_MS)
  })

  /** The packets of the ladder that is shown; while the screen stands still, as they were. */
  #holdSteps(): void {
    const { model } = this
    const card = model.overlay === 'ladder' ? model.table.row?.card : undefined
    if (card === undefined) model.heldSteps = undefined
    else if (!model.paused || model.heldSteps === undefined) model.heldSteps = this.#capture?.stepsOf(card)
  }

  #arrangeWait(): number {
    return Math.max(ARRANGE_MS, this.#arrangeCost / ARRANGE_SHARE)
  }

  #arrange(): void {
    const { model } = this
    const started = performance.now()
    if (!model.stale || started - this.#arranged < this.#arrangeWait()) return
    model.arrange()
    this.#arranged = performance.now()
    this.#arrangeCost = this.#arranged - started
  }
}
