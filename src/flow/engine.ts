import { dateText } from '../date-text.ts'
import { UserError } from '../user-error.ts'
import { ENGINE_CODE } from './engine-code.ts'
import { LADDER_STEPS } from './facts-layout.ts'
import { ICMP_OUTCOMES } from './icmp-error.ts'
import type { FlowKey } from './key.ts'
import { IFACE_TEXT_BYTES } from './layout.ts'
import { FlowMemory } from './memory.ts'
import { PacketWindow, type WindowCalls } from './packet-window.ts'
import { SERVER_PORTS } from './server-ports.ts'
import { patience, type SynLadder } from './syn-ladder.ts'
import { RECEIVER_CELLS, SENDER_CELLS } from './tcp-state.ts'

/** What the engine tells while it works. Rows and the segment are borrowed until the call returns. */
export interface EngineHost {
  /** The segment and the event at hand (`EventView`), with its sentence. */
  event(text: string): void
  /** It can matter to a verdict. `time` is when its sender sent the one before, nanoseconds; 0 for the first. */
  trouble(time: number): void
  /** The same of a reset that was kept: nothing of its flow came since. */
  late(time: number): void
  /** The row is about to be freed: whether its record is to be a line. `now` is the capture's clock, nanoseconds. */
  closed(row: number, now: number): boolean
  /** A letter of a row's history for which it has no room. */
  letter(row: number, code: number): void
  /** Those letters. */
  moreLetters(row: number): string
  /** A row that may have such letters is about to be freed. */
  forget(row: number): void
  /** The JSON text of an interface's name in ASCII, empty when it has none. */
  ifaceText(iface: number): string
  /** Lines of the engine's, in ASCII: borrowed. */
  lines(bytes: Uint8Array): void
}

/** What `engine/index.ts` exports. Addresses are offsets in its memory; times are nanoseconds; row 0 is none. */
interface EngineCalls extends WindowCalls {
  readonly memory: { readonly buffer: SharedArrayBuffer }
  keyAt(): number
  wantedAt(): number
  segmentAt(): number
  eventAt(): number
  laddersAt(): number
  cellsAt(): number
  serverPortsAt(): number
  icmpOutcomesAt(): number
  patienceAt(): number
  factsAt(): number
  verdictAt(): number
  ethernetAt(): number
  flowCount(): number
  shortCutCount(): number
  heldCount(): number
  evictedCount(): number
  /** Bytes of memory that were taken so far, and those that may be taken before it has to grow; modulo 2^32. */
  takenBytes(): number
  leftBytes(): number
  growFresh(bytes: number): number
  freshTouched(): void
  configure(told: number, maxFlows: number): void
  find(): number
  findWanted(): number
  take(): number
  open(list: number, time: number, iface: number): number
  place(row: number, list: number): void
  close(row: number, now: number): void
  /** Tells of a reset of the row that was kept. */
  tellKept(row: number): void
  /** Closes the flows on `list` that have waited for `wait` nanoseconds. */
  closeDue(list: number, wait: number, now: number): void
  run(from: number, count: number, due: number): number
  /** Bytes that the first `count` packets of the batch had on the wire. */
  wireBytes(count: number): number
  /** Computes what `FactsView` shows, of a row's record. */
  gather(row: number, now: number): void
  /** Place in `OUTCOMES` of how a TCP flow ended, as far as it has at `now`. */
  outcome(row: number, now: number): number
  /** Epoch seconds from which the times count that lines have. */
  setOrigin(seconds: number): void
  /** Calls `lines` with those that are gathered. */
  handOver(): void
  /** Tells of all flows, in order of their ids, that they end here. Nothing may come after it. */
  finish(now: number): void
}

type Import = (...values: number[]) => unknown

const MOST_SENTENCES = 500

/** Compiled once a process. */
let module: WebAssembly.Module | undefined

/**
 * The packet path: flow table, state machine, analysis and statistics, in WebAssembly (`engine/`). It takes the plain
 * segments of a batch by itself; all that a person or a record needs is made here, from views of its memory.
 */
export class FlowEngine {
  readonly memory: FlowMemory = new FlowMemory()
  readonly calls: EngineCalls
  readonly window: PacketWindow
  readonly #maxFlows: number
  readonly #sentences = new Sentences()
  #verdict = ''

  /** `told` are TELL_ bits; `ladder` is the one that clients are held to. */
  constructor(host: EngineHost, ladder: SynLadder, told: number, maxFlows: number) {
    module ??= new WebAssembly.Module(decode(ENGINE_CODE))
    this.calls = start(module, { ...bound(host), ...this.#services(host) })
    this.attach()
    const { bytes } = this.memory
    const cells = this.calls.cellsAt()
    bytes.set(SENDER_CELLS, cells)
    bytes.set(RECEIVER_CELLS, cells + SENDER_CELLS.length)
    const ports = this.calls.serverPortsAt()
    for (const port of SERVER_PORTS) bytes[ports + (port >>> 3)]! |= 1 << (port & 7)
    bytes.set(ICMP_OUTCOMES, this.calls.icmpOutcomesAt())
    this.memory.doubles.set(patience(ladder, LADDER_STEPS), this.calls.patienceAt() / 8)
    this.#maxFlows = Math.min(maxFlows, 2 ** 32 - 1)
    this.tell(told)
    this.window = new PacketWindow(this.memory, this.calls)
  }

  /** TELL_ bits, from now on. */
  tell(bits: number): void {
    this.calls.configure(bits, this.#maxFlows)
  }

  /**
   * Fresh memory that is not taken before `freshTouched`: until then another thread may write zeros to it, so that its
   * pages are there when they are wanted. `undefined` when there is none.
   */
  growFresh(bytes: number): Uint8Array | undefined {
    // Signed, as all that comes from there.
    const address = this.calls.growFresh(bytes) >>> 0
    return address === 0 ? undefined : this.memory.bytes.subarray(address, address + bytes)
  }

  /** Row of the flow with this key, 0 when there is none. May be called while the engine works. */
  find(key: FlowKey): number {
    this.memory.words.set(key.words, this.calls.wantedAt() / 4)
    return this.calls.findWanted()
  }

  /** The verdict that the next line of a record has, ASCII; '' for none. */
  setVerdict(name: string): void {
    if (name === this.#verdict) return
    this.#verdict = name
    const address = this.calls.verdictAt()
    this.memory.words[address / 4] = this.#write(name, address + 8)
  }

  /** Makes the key that of the packet at hand. */
  setKey(key: FlowKey): void {
    this.memory.words.set(key.words, this.calls.keyAt() / 4)
  }

  /** What it cannot do itself. */
  #services(host: EngineHost): Record<string, Import> {
    return {
      grown: () => void this.attach(),
      exhausted: () => {
        throw new UserError('Cannot hold that many flows: the analysis has no more memory', {
          hint: 'hold fewer at a time with --max-flows',
        })
      },
      event: (address, length) => void host.event(this.#sentences.same(this.memory.text(address!, length!))),
      ifaceText: (iface, address) => {
        const text = host.ifaceText(iface!)
        return text.length > IFACE_TEXT_BYTES ? -1 : this.#write(text, address!)
      },
      lines: (address, length) => void host.lines(this.memory.bytes.subarray(address!, address! + length!)),
      moreLetters: (row, address, room) => this.#write(host.moreLetters(row! >>> 0).slice(0, room), address!),
      numberText: (value, address) => this.#write(String(value), address!),
      dateText: (day, address) => this.#write(dateText(day!), address!),
    }
  }

  /** ASCII; returns its length. */
  #write(text: string, address: number): number {
    const { bytes } = this.memory
    for (let i = 0; i < text.length; i++) bytes[address + i] = text.charCodeAt(i)
    return text.length
  }

  private attach(): void {
    // While the module starts, its exports are not there yet.
    if (this.calls !== undefined) this.memory.attach(this.calls.memory.buffer)
  }
}

/** Most sentences are few: events that are kept share theirs. */
class Sentences {
  readonly #known = new Map<string, string>()

  same(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    if (this.#known.size === MOST_SENTENCES) this.#known.clear()
    this.#known.set(text, text)
    return text
  }
}

/** V8 reserves 10 GB of addresses for a module's memory, so that reads beyond its end need no test. */
function start(code: WebAssembly.Module, host: Record<string, Import>): EngineCalls {
  try {
    return new WebAssembly.Instance(code, { host }).exports as unknown as EngineCalls
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UserError('Cannot reserve memory for the analysis: addresses are limited', {
      hint: 'raise `ulimit -v` to 12 GB or more, or set NODE_OPTIONS=--disable-wasm-trap-handler',
      cause: error,
    })
  }
}

/** By hand: `Uint8Array.from` takes five times as long, 7 ms at every start. */
function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

function bound(
  host: EngineHost,
): Record<Exclude<keyof EngineHost, 'event' | 'ifaceText' | 'lines' | 'moreLetters'>, Import> {
  return {
    trouble: (time) => host.trouble(time!),
    late: (time) => host.late(time!),
    closed: (row, now) => host.closed(row! >>> 0, now!),
    letter: (row, code) => host.letter(row! >>> 0, code!),
    forget: (row) => host.forget(row! >>> 0),
  }
}
