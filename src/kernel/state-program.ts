import { R0, R1, R2, R6, R7, R8, R9, type Width } from './assembler.ts'
import { Program, type ProgramTarget } from './program.ts'
import { CHANGE, KIND, NAMED_LENGTH, RECORD } from './ring-record.ts'
import { MADE_BY_CALLER, TOLD_AT_ONCE, type Transitions } from './transitions.ts'

const TCP = 6
const AF_INET6 = 10

/**
 * `inet_sock_set_state(sk, old, new)`, which every connection passes ten times. `typed`: the verifier knows the types of
 * its arguments (`attachTypedTracepoint`), and members are loaded without a call for each. A change that is not wanted
 * then takes 0.02 µs instead of 0.04 (Linux 6.18, with its mitigations).
 */
export function stateProgram(target: ProgramTarget, wanted: Transitions, typed: boolean): Uint8Array {
  const program = new StateProgram(target, typed)
  const { common, socketProtocol } = program.layout
  const named = both(MADE_BY_CALLER, wanted)
  program.move(R6, R1).load(8, R7, R6, 0).states().onlyTransitions(wanted)
  program.member(2, R1, socketProtocol).jumpIf(R1, '!=', TCP, 'out').member(2, R8, common.family)
  if (target.log !== undefined) {
    program.states().onlyTransitions(both(TOLD_AT_ONCE, wanted), 'kept').jump('told').label('kept')
    program.change(named, target.log).keepEntry().label('told')
  }
  return program.change(named).submit('quarter').assemble()
}

/** What cannot come is not compared with. */
function both(some: Transitions, wanted: Transitions): Transitions {
  const found = [...some].map(([from, mask]) => [from, mask & (wanted.get(from) ?? 0)] as const)
  return new Map(found.filter(([, mask]) => mask !== 0))
}

/** The socket is in R7, its family in R8. */
class StateProgram extends Program {
  readonly #typed: boolean

  constructor(target: ProgramTarget, typed: boolean) {
    super(target)
    this.#typed = typed
  }

  /** The old state into R1, the new one into R2. */
  states(): this {
    return this.load(8, R1, R6, 8).load(8, R2, R6, 16)
  }

  /** A number of the socket into a register. */
  member(width: Width, to: number, offset: number): this {
    return this.#typed ? this.load(width, to, R7, offset) : this.readNumber(width, to, R7, offset)
  }

  /** R9 becomes a whole record of the ring, or entry of the log; `named`: with which the process that is running is told. */
  change(named: Transitions, log?: number): this {
    const place = log === undefined ? 'ring' : 'log'
    this.states().onlyTransitions(named, `unnamed ${place}`)
    this.#begin(true, log).jump(`begun ${place}`)
    this.label(`unnamed ${place}`).#begin(false, log).label(`begun ${place}`)
    // With the address first: the states lie in its upper bits.
    this.store(8, R9, RECORD.socket, R7).states()
    return this.store(1, R9, CHANGE.from, R1).store(1, R9, CHANGE.to, R2).#rest(`portless ${place}`)
  }

  /** R9 becomes a record with its addresses. */
  #begin(named: boolean, log: number | undefined): this {
    if (this.layout.common.remote6 < 0) return this.#reserve(4, named, log)
    const [ipv4, done] = [`ipv4 ${named} ${log}`, `done ${named} ${log}`]
    this.jumpIf(R8, '!=', AF_INET6, ipv4).#reserve(6, named, log).jump(done)
    return this.label(ipv4).#reserve(4, named, log).label(done)
  }

  /** The ports and the namespace. R8 is lost. */
  #rest(portless: string): this {
    const { common, sourcePort, netInode } = this.layout
    this.member(2, R1, common.remotePort).store(2, R9, CHANGE.remotePort, R1)
    this.member(8, R8, common.net)
    if (!this.#typed) return this.netns(R8).read(R9, CHANGE.port, 2, R7, sourcePort)
    this.load(4, R1, R8, netInode).store(4, R9, RECORD.netns, R1)
    this.storeNumber(2, R9, CHANGE.port, 0).asTcp().jumpIf(R0, '==', 0, portless)
    return this.load(2, R1, R0, sourcePort).store(2, R9, CHANGE.port, R1).label(portless)
  }

  #reserve(family: 4 | 6, named: boolean, log: number | undefined): this {
    const { common } = this.layout
    const [kind, remote, local, length] =
      family === 4
        ? [KIND.state, common.remote, common.local, 4]
        : [KIND.state6, common.remote6, common.local6, 16]
    if (log === undefined) this.reserveBare(kind, named ? NAMED_LENGTH[family] : CHANGE.name[family])
    else this.reserveEntry(log, kind)
    this.#copy(CHANGE.remote, remote, length).#copy(CHANGE.local[family], local, length)
    return named
      ? this.caller({ pid: CHANGE.pid, name: CHANGE.name[family] })
      : this.storeNumber(4, R9, CHANGE.pid, 0)
  }

  /** Copies `length` bytes of the socket into the record. */
  #copy(to: number, from: number, length: number): this {
    if (!this.#typed) return this.read(R9, to, length, R7, from)
    const width = length < 8 ? 4 : 8
    for (let at = 0; at < length; at += width)
      this.load(width, R1, R7, from + at).store(width, R9, to + at, R1)
    return this
  }
}
