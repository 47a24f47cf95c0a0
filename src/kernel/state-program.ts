import { R0, R1, R2, R6, R7, R8, R9, type Width } from './assembler.ts'
import { Program, type ProgramTarget } from './program.ts'
import { CHANGE, KIND, NAMED_LENGTH, RECORD } from './ring-record.ts'
import { MADE_BY_CALLER, type Transitions } from './transitions.ts'

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
  program.move(R6, R1).load(8, R7, R6, 0).load(8, R1, R6, 8).load(8, R2, R6, 16).onlyTransitions(wanted)
  program.member(2, R1, socketProtocol).jumpIf(R1, '!=', TCP, 'out').member(2, R8, common.family)
  program.load(8, R1, R6, 8).load(8, R2, R6, 16).onlyTransitions(madeByCaller(wanted), 'unnamed')
  program.reserveChange(true).jump('reserved').label('unnamed').reserveChange(false).label('reserved')
  // With the address first: the states lie in its upper bits.
  program.store(8, R9, RECORD.socket, R7)
  program.load(8, R1, R6, 8).store(1, R9, CHANGE.from, R1)
  program.load(8, R2, R6, 16).store(1, R9, CHANGE.to, R2)
  return program.rest().submit('quarter').assemble()
}

/** Those of the wanted ones: what cannot come is not compared with. */
function madeByCaller(wanted: Transitions): Transitions {
  const both = [...MADE_BY_CALLER].map(([from, mask]) => [from, mask & (wanted.get(from) ?? 0)] as const)
  return new Map(both.filter(([, mask]) => mask !== 0))
}

/** The socket is in R7, its family in R8. */
class StateProgram extends Program {
  readonly #typed: boolean

  constructor(target: ProgramTarget, typed: boolean) {
    super(target)
    this.#typed = typed
  }

  /** A number of the socket into a register. */
  member(width: Width, to: number, offset: number): this {
    return this.#typed ? this.load(width, to, R7, offset) : this.readNumber(width, to, R7, offset)
  }

  /** R9 becomes a record with its addresses; `named`: and with the process that is running. */
  reserveChange(named: boolean): this {
    if (this.layout.common.remote6 < 0) return this.#reserve(4, named)
    const [ipv4, done] = [`ipv4 ${named}`, `done ${named}`]
    this.jumpIf(R8, '!=', AF_INET6, ipv4).#reserve(6, named).jump(done)
    return this.label(ipv4).#reserve(4, named).label(done)
  }

  /** The ports and the namespace. */
  rest(): this {
    const { common, sourcePort, netInode } = this.layout
    this.member(2, R1, common.remotePort).store(2, R9, CHANGE.remotePort, R1)
    this.member(8, R8, common.net)
    if (!this.#typed) return this.netns(R8).read(R9, CHANGE.port, 2, R7, sourcePort)
    this.load(4, R1, R8, netInode).store(4, R9, RECORD.netns, R1)
    this.storeNumber(2, R9, CHANGE.port, 0).asTcp().jumpIf(R0, '==', 0, 'portless')
    return this.load(2, R1, R0, sourcePort).store(2, R9, CHANGE.port, R1).label('portless')
  }

  #reserve(family: 4 | 6, named: boolean): this {
    const { common } = this.layout
    const [kind, remote, local, length] =
      family === 4
        ? [KIND.state, common.remote, common.local, 4]
        : [KIND.state6, common.remote6, common.local6, 16]
    this.reserveBare(kind, named ? NAMED_LENGTH[family] : CHANGE.name[family])
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
