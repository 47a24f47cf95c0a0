import * as libc from '../libc.ts'

const SOL_SOCKET = 1
const SO_ATTACH_FILTER = 26
const INSTRUCTION_SIZE = 8

const LD_W_ABS = 0x20
const LD_H_ABS = 0x28
const LD_B_ABS = 0x30
/** The packet's length, link header included where the socket gets one. */
const LD_W_LEN = 0x80
const JMP_JEQ_K = 0x15
const JMP_JGE_K = 0x35
const JMP_JSET_K = 0x45
const RET_K = 0x06
/** Offsets from here on read what the kernel knows about the packet (linux/filter.h, SKF_AD_). */
const SKF_AD = 0xfffff000
const SKF_AD_PROTOCOL = 0
const SKF_AD_PKTTYPE = 4
const SKF_AD_HATYPE = 28
/** Offsets from here on count from the IP header, whatever is in front of it. */
const SKF_NET = 0xfff00000
const ARPHRD_LOOPBACK = 772
const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_IPV6 = 0x86dd
const TCP = 6
const DNS = 53
/** IPv4, and a header without options. */
const PLAIN_IPV4 = 0x45
/** Offset and more-fragments flag. */
const FRAGMENT = 0x3fff
/** From the IP header on: IPv6 and TCP with all its options are 100. */
const HEADERS = 114
const PACKET_OUTGOING = 4

/**
 * On loopback a packet socket sees every packet twice, going out and coming in. The outgoing copy is refused
 * before the filter proper, so it costs no room in the ring and is in no counter.
 */
const LOOPBACK_ONCE: readonly (readonly [code: number, jt: number, jf: number, k: number])[] = [
  [LD_W_ABS, 0, 0, SKF_AD + SKF_AD_HATYPE],
  [JMP_JEQ_K, 0, 3, ARPHRD_LOOPBACK],
  [LD_W_ABS, 0, 0, SKF_AD + SKF_AD_PKTTYPE],
  [JMP_JEQ_K, 0, 1, PACKET_OUTGOING],
  [RET_K, 0, 0, 0],
]

/**
 * Everything cut to `snaplen`, and of TCP in plain IP only the headers: what is not read need not be copied. DNS is
 * read, and so is what is in a tunnel, behind options or in an ICMP error. A load beyond a packet's end would refuse
 * it, so one too short for its ports is kept whole.
 *
 * As much is kept from the IP header on behind any `linkHeader` (bytes): a packet forwarded from one link to another
 * is known by those bytes.
 */
function headersOnly(snaplen: number, linkHeader: number): Uint8Array {
  return assemble([
    [LD_W_ABS, 0, 0, SKF_AD + SKF_AD_PROTOCOL],
    [JMP_JEQ_K, 1, 0, ETHERTYPE_IPV4],
    [JMP_JEQ_K, 12, 20, ETHERTYPE_IPV6],
    [LD_W_LEN, 0, 0, 0],
    [JMP_JGE_K, 0, 18, linkHeader + 24],
    [LD_B_ABS, 0, 0, SKF_NET],
    [JMP_JEQ_K, 0, 16, PLAIN_IPV4],
    [LD_H_ABS, 0, 0, SKF_NET + 6],
    [JMP_JSET_K, 14, 0, FRAGMENT],
    [LD_B_ABS, 0, 0, SKF_NET + 9],
    [JMP_JEQ_K, 0, 12, TCP],
    [LD_H_ABS, 0, 0, SKF_NET + 20],
    [JMP_JEQ_K, 10, 0, DNS],
    [LD_H_ABS, 0, 0, SKF_NET + 22],
    [JMP_JEQ_K, 8, 9, DNS],
    [LD_W_LEN, 0, 0, 0],
    [JMP_JGE_K, 0, 6, linkHeader + 44],
    [LD_B_ABS, 0, 0, SKF_NET + 6],
    [JMP_JEQ_K, 0, 4, TCP],
    [LD_H_ABS, 0, 0, SKF_NET + 40],
    [JMP_JEQ_K, 2, 0, DNS],
    [LD_H_ABS, 0, 0, SKF_NET + 42],
    [JMP_JEQ_K, 0, 1, DNS],
    [RET_K, 0, 0, snaplen],
    [RET_K, 0, 0, Math.min(linkHeader + HEADERS, snaplen)],
  ])
}

/**
 * The whole program of a capture socket: loopback once, then `filter`, or everything cut to `snaplen`; without a filter
 * what is behind the headers of TCP is left out where those follow a link header of `bare` bytes.
 */
export function captureProgram(filter: Uint8Array | undefined, snaplen: number, bare?: number): Uint8Array {
  const head = assemble(LOOPBACK_ONCE)
  const tail =
    filter ?? (bare === undefined ? assemble([[RET_K, 0, 0, snaplen]]) : headersOnly(snaplen, bare))
  const program = new Uint8Array(new ArrayBuffer(head.length + tail.length))
  program.set(head)
  program.set(tail, head.length)
  return program
}

/** Lets nothing through any more. */
export function refuseEverything(): Uint8Array {
  return assemble([[RET_K, 0, 0, 0]])
}

/** SO_ATTACH_FILTER with `struct sock_fprog` {u16 length at 0, pointer at 8}; replaces the program before. */
export function attachProgram(fd: number, program: Uint8Array): void {
  const request = new Uint8Array(16)
  const view = new DataView(request.buffer)
  view.setUint16(0, program.length / INSTRUCTION_SIZE, true)
  view.setBigUint64(8, libc.addressOf(program), true)
  if (libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, request, request.length) === -1)
    throw libc.lastError('attaching the capture filter')
}

/** `struct sock_filter` {u16 code, u8 jt, u8 jf, u32 k}, host order. */
function assemble(instructions: readonly (readonly [number, number, number, number])[]): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(instructions.length * INSTRUCTION_SIZE))
  const view = new DataView(bytes.buffer)
  for (const [at, [code, jt, jf, k]] of instructions.entries()) {
    view.setUint16(at * INSTRUCTION_SIZE, code, true)
    view.setUint8(at * INSTRUCTION_SIZE + 2, jt)
    view.setUint8(at * INSTRUCTION_SIZE + 3, jf)
    view.setUint32(at * INSTRUCTION_SIZE + 4, k, true)
  }
  return bytes
}
