import { formatAddress } from '../wire/address.ts'
import {
  KIND_FRAGMENT,
  KIND_ICMP,
  KIND_MALFORMED,
  KIND_TCP,
  KIND_UDP,
  type PacketStack,
  REASONS,
} from '../wire/stack.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp-bits.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import {
  HAS_MSS,
  HAS_SACK,
  HAS_SACK_PERMITTED,
  HAS_TIMESTAMPS,
  HAS_WINDOW_SCALE,
} from '../wire/tcp-option-numbers.ts'
import type { TcpOptions } from '../wire/tcp-options.ts'
import { type NameOf, named } from './endpoint-name.ts'
import { sanitize } from './sanitize.ts'

/** Where the numbers of a segment count from: the initial sequence numbers of its sender and of its receiver. */
export interface SequenceOrigin {
  readonly sender: number
  readonly receiver: number
}

/**
 * One packet as tcpdump prints it, without the time and interface. Sequence numbers are relative to `origin`, but for
 * those of a SYN; without it they are as sent (`tcpdump -S`).
 */
export function packetText(stack: PacketStack, origin: SequenceOrigin | undefined, nameOf: NameOf): string {
  if (stack.kind === KIND_MALFORMED) return `damaged: ${REASONS[stack.reason]}`
  if (stack.family === 0) return 'not IP'
  const ip = stack.family === 4 ? 'IP' : 'IP6'
  const hostText = (words: Uint32Array): string => {
    const address = formatAddress(stack.family, words)
    const name = nameOf(address)
    return name === undefined ? address : sanitize(name)
  }
  const source = hostText(stack.source)
  const destination = hostText(stack.destination)
  switch (stack.kind) {
    case KIND_TCP:
      return `${ip} ${source}.${stack.sourcePort} > ${destination}.${stack.destinationPort}: ${tcpText(stack, origin)}`
    case KIND_UDP:
      return `${ip} ${source}.${stack.sourcePort} > ${destination}.${stack.destinationPort}: UDP, length ${stack.payloadLength}`
    case KIND_ICMP: {
      const { type, code } = stack.family === 4 ? stack.icmp : stack.icmp6
      const name = stack.family === 4 ? 'ICMP' : 'ICMP6'
      return `${ip} ${source} > ${destination}: ${name} type ${type} code ${code}, length ${stack.payloadLength + 8}`
    }
    case KIND_FRAGMENT:
      return `${ip} ${source} > ${destination}: fragment ${stack.ipId} of protocol ${stack.protocol}, length ${stack.payloadLength}`
    default:
      return `${ip} ${source} > ${destination}: protocol ${stack.protocol}, length ${stack.payloadLength}`
  }
}

/** The members of a `packet` object of the JSON contract that come from its headers. */
export function packetFields(stack: PacketStack, nameOf: NameOf): object {
  if (stack.kind === KIND_MALFORMED) return { proto: null, damaged: REASONS[stack.reason] }
  if (stack.family === 0) return { proto: null }
  const addresses = {
    src: named({ addr: formatAddress(stack.family, stack.source), port: stack.sourcePort }, nameOf),
    dst: named({ addr: formatAddress(stack.family, stack.destination), port: stack.destinationPort }, nameOf),
  }
  const len = stack.payloadLength
  switch (stack.kind) {
    case KIND_TCP: {
      const { flags, sequence: seq, acknowledgement: ack, window: win } = stack.tcp
      return { proto: 'tcp', ...addresses, flags: flagsText(flags), seq, ack, win, len }
    }
    case KIND_UDP:
      return { proto: 'udp', ...addresses, len }
    case KIND_ICMP: {
      const { type: icmp_type, code: icmp_code } = stack.family === 4 ? stack.icmp : stack.icmp6
      return { proto: 'icmp', ...addresses, icmp_type, icmp_code, len }
    }
    default:
      return { proto: String(stack.protocol), ...addresses, len }
  }
}

function tcpText(
  { tcp, tcpOptions, payloadLength }: PacketStack,
  origin: SequenceOrigin | undefined,
): string {
  const { flags } = tcp
  const relative = origin !== undefined && (flags & SYN) === 0
  const first = relative ? (tcp.sequence - origin.sender) >>> 0 : tcp.sequence
  const parts = [`Flags [${flagsText(flags)}]`]
  if (payloadLength > 0) parts.push(`seq ${first}:${(first + payloadLength) >>> 0}`)
  else if (flags & (SYN | FIN | RST)) parts.push(`seq ${first}`)
  if (flags & ACK)
    parts.push(`ack ${relative ? (tcp.acknowledgement - origin.receiver) >>> 0 : tcp.acknowledgement}`)
  parts.push(`win ${tcp.window}`)
  if (tcpOptions.count > 0) parts.push(`options [${optionsText(tcpOptions, relative ? origin.receiver : 0)}]`)
  parts.push(`length ${payloadLength}`)
  return parts.join(', ')
}

/** SACK blocks are the other side's numbers: `origin` is its initial one. */
function optionsText(options: TcpOptions, origin: number): string {
  const parts: string[] = []
  const { present } = options
  if (present & HAS_MSS) parts.push(`mss ${options.mss}`)
  if (present & HAS_SACK_PERMITTED) parts.push('sackOK')
  if (present & HAS_TIMESTAMPS) parts.push(`TS val ${options.timestampValue} ecr ${options.timestampEcho}`)
  if (present & HAS_WINDOW_SCALE) parts.push(`wscale ${options.windowScale}`)
  if (present & HAS_SACK)
    for (let block = 0; block < options.sackCount; block++)
      parts.push(
        `sack ${(options.sackLeft(block) - origin) >>> 0}:${(options.sackRight(block) - origin) >>> 0}`,
      )
  return parts.join(',')
}
