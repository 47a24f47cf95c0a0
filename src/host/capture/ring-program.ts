import * as libc from '../libc.ts'

const SOL_SOCKET = 1
const SO_ATTACH_FILTER = 26
const INSTRUCTION_SIZE = 8

const LD_W_ABS = 0x20
const JMP_JEQ_K = 0x15
const RET_K = 0x06
/** Offsets from here on read what the kernel knows about the packet (linux/filter.h, SKF_AD_). */
const SKF_AD = 0xfffff000
const SKF_AD_PKTTYPE = 4
const SKF_AD_HATYPE = 28
const ARPHRD_LOOPBACK = 772
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

/** The whole program of a capture socket: loopback once, then `filter`, or everything cut to `snaplen`. */
export function captureProgram(filter: Uint8Array | undefined, snaplen: number): Uint8Array {
  const head = assemble(LOOPBACK_ONCE)
  const tail = filter ?? assemble([[RET_K, 0, 0, snaplen]])
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
