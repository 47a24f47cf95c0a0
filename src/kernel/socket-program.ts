import { R1, R4, R6, R7, R8, R9 } from './assembler.ts'
import { COMMON_LENGTH } from './layout.ts'
import { Program, type ProgramTarget } from './program.ts'
import { KIND, PAYLOAD_LENGTH, RECORD } from './ring-record.ts'

const TCP = 6
const UDP = 17

/** `inet_sk_error_report(sk)`: also called when there is none any more (connect() that failed, disconnecting). */
export function errorProgram(target: ProgramTarget): Uint8Array {
  const program = new Program(target)
  program.load(8, R7, R1, 0).onlyProtocols(TCP, UDP)
  program.readNumber(4, R8, R7, program.layout.socketError).jumpIf(R8, '==', 0, 'out').reserve(KIND.error)
  return program.store(4, R9, RECORD.value, R8).socket().submit('now').assemble()
}

/** `tcp_receive_reset(sk)` */
export function resetReceivedProgram(target: ProgramTarget): Uint8Array {
  const program = new Program(target)
  return program.load(8, R7, R1, 0).reserve(KIND.resetReceived).socket().submit('now').assemble()
}

/** `tcp_retransmit_skb(sk, skb[, err])`; the error came with Linux 6.18. */
export function retransmitProgram(target: ProgramTarget, given: number): Uint8Array {
  const program = new Program(target)
  program.move(R6, R1).load(8, R7, R6, 0).reserve(KIND.retransmit)
  if (given > 2) program.load(8, R1, R6, 16).store(4, R9, RECORD.value, R1)
  program.read(R9, RECORD.state, 1, R7, program.layout.socketState)
  return program.socket().submit('now').assemble()
}

/** `tcp_retransmit_synack(sk, req)`: the listener, and the request, which has the ends of the connection. */
export function retransmitSynAckProgram(target: ProgramTarget): Uint8Array {
  const program = new Program(target)
  program.load(8, R7, R1, 0).load(8, R8, R1, 8).reserve(KIND.retransmitSynAck).socket()
  return program.read(R9, RECORD.payload, COMMON_LENGTH, R8, 0).submit('now').assemble()
}

/** `tcp_send_reset(sk, skb[, reason])`: either may be missing; the reason came with Linux 6.10. */
export function resetProgram(target: ProgramTarget, given: number): Uint8Array {
  const program = new Program(target)
  const { packet, common, socketState } = program.layout
  program.move(R6, R1).load(8, R7, R6, 0).load(8, R8, R6, 8).reserve(KIND.reset)
  if (given > 2) program.load(8, R1, R6, 16)
  else program.set(R1, -1)
  program.store(4, R9, RECORD.value, R1).storeNumber(2, R9, RECORD.protocol, TCP)
  program.jumpIf(R7, '==', 0, 'no socket').read(R9, RECORD.state, 1, R7, socketState)
  program.jumpIf(R8, '!=', 0, 'packet')
  program.storeNumber(4, R9, RECORD.kind, KIND.activeReset).socket().jump('filled')
  program.label('packet').store(8, R9, RECORD.socket, R7)
  program.readNumber(8, R4, R7, common.net).netns(R4).jump('headers')
  program.label('no socket').readNumber(8, R4, R8, packet.device)
  program.move(R7, R4).readNumber(8, R4, R7, program.layout.deviceNet).netns(R4)
  program.label('headers')
  packetHeaders(program)
  return program.label('filled').submit('now').assemble()
}

/** The record's packet, from the `sk_buff` in R8. R7 is lost. */
export function packetHeaders(program: Program): void {
  const { packet } = program.layout
  program.read(R9, RECORD.network, 2, R8, packet.networkHeader).read(R9, RECORD.tail, 4, R8, packet.tail)
  program.readNumber(8, R7, R8, packet.head).load(4, R1, R9, RECORD.network).applyRegister('+', R7, R1)
  program.read(R9, RECORD.payload, PAYLOAD_LENGTH, R7, 0)
}
