import { R0, R1, R2, R4, R6, R7, R8, R9, STACK } from './assembler.ts'
import { Program, type ProgramTarget } from './program.ts'
import { KIND, RECORD } from './ring-record.ts'
import { packetHeaders } from './socket-program.ts'

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMP6 = 58
/** Extension headers that may stand before the transport header: hop by hop, routing, fragment, destination. */
const EXTENSIONS = [0, 43, 44, 60]
const IPV6_LENGTH = 40
/** Unreachable, source quench, time exceeded, parameter problem (RFC 792). */
const ICMP_ERRORS = [3, 4, 11, 12]
/** Errors of ICMPv6 are below it (RFC 4443 section 2.1). */
const FIRST_INFORMATION = 128

/** Places on the stack: the first 12 bytes of the IP header, and 14 of what follows it, with TCP's flags. */
const NETWORK = -32
const TRANSPORT = -48
const TCP_FLAGS = 13
const SYN = 2

/** Numbers of reasons that are not told at all, or only for a segment with SYN. */
export interface DropFilter {
  readonly never: readonly number[]
  readonly onlySyn: readonly number[]
}

/**
 * `kfree_skb(skb, location[, reason[, rx_sk]])`: TCP and UDP, and ICMP errors. A later fragment is nobody's. Where the
 * headers are not in the buffer's first piece the packet cannot be told and the reader skips it. The reason came with
 * Linux 5.17; without it only the SYN of TCP is told, as all else may be the usual end of a packet.
 */
export function dropProgram(target: ProgramTarget, given: number, filter: DropFilter): Uint8Array {
  const program = new Program(target)
  const { packet } = program.layout
  const hasReason = given > 2
  program.move(R6, R1).load(8, R8, R6, 0)
  if (hasReason) {
    program.load(8, R1, R6, 16)
    for (const reason of filter.never) program.jumpIf(R1, '==', reason, 'out')
  }
  program.readNumber(8, R7, R8, packet.head).readNumber(2, R1, R8, packet.networkHeader)
  program.applyRegister('+', R7, R1).read(STACK, NETWORK, 12, R7, 0).jumpIf(R0, '!=', 0, 'out')
  program.load(1, R1, STACK, NETWORK).move(R2, R1).apply('>>', R2, 4)
  program.jumpIf(R2, '==', 6, 'ipv6').jumpIf(R2, '!=', 4, 'out')
  // IPv4: the header's length in words, the fragment's offset in the low 13 bits of bytes 6 and 7.
  program.apply('&', R1, 0xf).apply('<<', R1, 2).applyRegister('+', R7, R1)
  program
    .load(1, R1, STACK, NETWORK + 6)
    .apply('&', R1, 0x1f)
    .jumpIf(R1, '!=', 0, 'out')
  program.load(1, R1, STACK, NETWORK + 7).jumpIf(R1, '!=', 0, 'out')
  program.load(1, R9, STACK, NETWORK + 9).jump('protocol')
  program
    .label('ipv6')
    .apply('+', R7, IPV6_LENGTH)
    .load(1, R9, STACK, NETWORK + 6)
  for (const extension of EXTENSIONS) program.jumpIf(R9, '==', extension, 'wanted')
  program.label('protocol').jumpIf(R9, '==', UDP, 'wanted')
  program.read(STACK, TRANSPORT, 14, R7, 0).load(1, R1, STACK, TRANSPORT)
  program.jumpIf(R9, '==', ICMP, 'icmp').jumpIf(R9, '==', ICMP6, 'icmp6').jumpIf(R9, '!=', TCP, 'out')
  if (hasReason) {
    program.load(8, R1, R6, 16)
    for (const reason of filter.onlySyn) program.jumpIf(R1, '==', reason, 'only syn')
    program.jump('wanted')
  }
  program.label('only syn').load(1, R1, STACK, TRANSPORT + TCP_FLAGS)
  program.jumpIf(R1, '&', SYN, 'wanted').jump('out')
  program.label('icmp')
  for (const type of ICMP_ERRORS) program.jumpIf(R1, '==', type, 'wanted')
  program.jump('out').label('icmp6').jumpIf(R1, '>=', FIRST_INFORMATION, 'out')
  program.label('wanted').reserve(KIND.drop)
  if (hasReason) program.load(8, R1, R6, 16).store(4, R9, RECORD.value, R1)
  program.load(8, R1, R6, 8).store(8, R9, RECORD.location, R1)
  packetHeaders(program)
  packetNetns(program, given)
  return program.submit('now').assemble()
}

/**
 * Where a packet was dropped: at the socket that it was for (`rx_sk`, Linux 6.11), else at its interface, else at
 * the socket that sent it. A socket's queue uses the place of the interface for links of its own, so the socket
 * goes first.
 */
function packetNetns(program: Program, given: number): void {
  const { packet, common, deviceName, deviceNet } = program.layout
  if (given > 3) program.load(8, R7, R6, 24).jumpIf(R7, '!=', 0, 'socket')
  program.readNumber(8, R7, R8, packet.device).jumpIf(R7, '==', 0, 'sender')
  program.read(R9, RECORD.name, 16, R7, deviceName)
  program.readNumber(8, R4, R7, deviceNet).jump('net')
  program.label('sender').readNumber(8, R7, R8, packet.socket).jumpIf(R7, '==', 0, 'done')
  program.label('socket').readNumber(8, R4, R7, common.net)
  program.label('net').netns(R4).label('done')
}
