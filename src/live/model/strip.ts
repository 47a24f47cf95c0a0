import type { FlowEvent, Side } from '../../flow/event.ts'
import type { SocketState } from '../../sockets/socket.ts'

/** How sure it is that a segment passed: seen on the wire, or only told by what came after it or by the kernel. */
export type Light = 'dark' | 'inferred' | 'seen'

/** One cell of a strip; an end that failed has a word of its own. */
export interface StripCell {
  /** `S`, `SA`, `A`, `F`, `R`, `RA`, `ICMP`; `data` stands between handshake and close. */
  readonly what: string
  /** `undefined` for what has no direction. */
  readonly fromClient: boolean | undefined
  readonly light: Light | 'bad'
}

const HANDSHAKE = 3
const CLOSE = 4

/** Segments that must have passed for a socket to be in a state, and which end sent the first FIN. */
interface Passed {
  readonly handshake: number
  readonly close: number
  readonly closer?: 'local' | 'remote'
}

const PASSED: Partial<Record<SocketState, Passed>> = {
  SYN_SENT: { handshake: 1, close: 0 },
  SYN_RECV: { handshake: 2, close: 0 },
  NEW_SYN_RECV: { handshake: 2, close: 0 },
  ESTABLISHED: { handshake: HANDSHAKE, close: 0 },
  FIN_WAIT1: { handshake: HANDSHAKE, close: 1, closer: 'local' },
  FIN_WAIT2: { handshake: HANDSHAKE, close: 2, closer: 'local' },
  CLOSE_WAIT: { handshake: HANDSHAKE, close: 2, closer: 'remote' },
  LAST_ACK: { handshake: HANDSHAKE, close: 3, closer: 'remote' },
  CLOSING: { handshake: HANDSHAKE, close: 3, closer: 'local' },
  TIME_WAIT: { handshake: HANDSHAKE, close: CLOSE, closer: 'local' },
}

/** What is known of the seven segments that open and close a connection, and of what stood between. */
export class Strip {
  readonly #handshake: Light[] = ['dark', 'dark', 'dark']
  readonly #close: Light[] = ['dark', 'dark', 'dark', 'dark']
  #data: Light = 'dark'
  /** Who sent the first FIN. */
  #closer: Side = 'client'
  #end: StripCell | undefined
  /** The combined FIN,ACK took the place of two. */
  #combined = false

  /** True when it looks different afterwards. */
  event(event: FlowEvent): boolean {
    switch (event.event) {
      case 'handshake':
        return this.#step(this.#handshake, event.step)
      case 'close': {
        this.#open()
        if (event.step === 1) this.#closer = event.sender
        if (event.step === 2) this.#closer = other(event.sender)
        if (event.combined) this.#combined = true
        if (event.combined) this.#step(this.#close, event.step - 1)
        return this.#step(this.#close, event.step)
      }
      case 'reset':
        this.#end = {
          what: event.flags.includes('.') ? 'RA' : 'R',
          fromClient: event.sender === 'client',
          light: 'bad',
        }
        return true
      case 'icmp_error':
        this.#end ??= { what: 'ICMP', fromClient: undefined, light: 'bad' }
        return true
      default:
        return false
    }
  }

  /** Payload was seen; true the first time. */
  payload(): boolean {
    if (this.#data === 'seen') return false
    this.#open()
    this.#data = 'seen'
    return true
  }

  /** The kernel's word on the socket at `side`: what must have passed is inferred. */
  state(state: SocketState, side: Side): void {
    const passed = PASSED[state]
    if (passed === undefined) return
    this.#infer(this.#handshake, passed.handshake)
    if (passed.closer === undefined) return
    if (this.#close[0] !== 'seen') this.#closer = passed.closer === 'local' ? side : other(side)
    this.#infer(this.#close, passed.close)
  }

  /** Cells from the first segment to the latest one known; the rest has not happened. */
  get cells(): readonly StripCell[] {
    const cells: StripCell[] = []
    const opened = this.#handshake[HANDSHAKE - 1] !== 'dark'
    for (const [index, light] of this.#handshake.entries())
      if (light !== 'dark' || opened) cells.push(handshakeCell(index, light))
    if (this.#data !== 'dark' || this.#close[0] !== 'dark')
      cells.push({ what: 'data', fromClient: undefined, light: this.#data })
    for (const [index, light] of this.#close.entries()) {
      if (light === 'dark') continue
      if (this.#combined && index === 1) continue
      cells.push(this.#closeCell(index, light))
    }
    if (this.#end !== undefined) cells.push(this.#end)
    return cells
  }

  /** Segments of the handshake known so far: 1 waits for the answer, 2 for the third. */
  get handshakeSteps(): number {
    return this.#handshake.filter((light) => light !== 'dark').length
  }

  get failed(): boolean {
    return this.#end !== undefined
  }

  #closeCell(index: number, light: Light): StripCell {
    const byCloser = index === 0 || index === CLOSE - 1
    const what = this.#combined && index === 2 ? 'FA' : index % 2 === 0 ? 'F' : 'A'
    return { what, fromClient: (this.#closer === 'client') === byCloser, light }
  }

  #open(): void {
    this.#infer(this.#handshake, HANDSHAKE)
  }

  #infer(cells: Light[], steps: number): void {
    for (let index = 0; index < steps; index++) if (cells[index] === 'dark') cells[index] = 'inferred'
  }

  /** What is seen implies what came before it. */
  #step(cells: Light[], step: number): boolean {
    this.#infer(cells, step - 1)
    if (cells[step - 1] === 'seen') return false
    cells[step - 1] = 'seen'
    return true
  }
}

function handshakeCell(index: number, light: Light): StripCell {
  return { what: ['S', 'SA', 'A'][index]!, fromClient: index !== 1, light }
}

function other(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}
