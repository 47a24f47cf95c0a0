import { LINK_ETHERNET, LINK_LINUX_SLL2 } from '../../capture/link-type.ts'
import { EXIT, UserError } from '../../user-error.ts'
import { ARPHRD_LOOPBACK } from '../../wire/sll.ts'
import { linkTypeOfHardware, unknownInterface } from '../devices.ts'
import { interfaceFacts } from '../interface-request.ts'
import * as libc from '../libc.ts'
import { grantHint } from '../mend.ts'
import { compileLiveFilter } from './filter-compiler.ts'
import type { LiveOptions } from './live-source.ts'
import { attachProgram, captureProgram } from './ring-program.ts'

const AF_PACKET = 17
const SOCK_RAW = 3
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
export const SOL_PACKET = 263
const PACKET_ADD_MEMBERSHIP = 1
const PACKET_RX_RING = 5
const PACKET_VERSION = 10
const PACKET_RESERVE = 12
const PACKET_IGNORE_OUTGOING = 23
const PACKET_MR_PROMISC = 1
const TPACKET_V3 = 2
const ETH_P_ALL = 3
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
/** Bytes; on every other link the IP header comes first. */
const ETHERNET_HEADER = 14

/**
 * One block is what the kernel hands over at a time. 128 KiB holds the largest usual segment (64 KiB with GSO)
 * and makes 256 blocks of a 32 MiB ring.
 */
const BLOCK_BYTES = 128 * 1024
const FRAME_BYTES = 2048
/**
 * A block with a packet in it is handed over after this long, milliseconds, however empty it is: the 256 blocks last
 * for 2 s of slow traffic while the reader is held up. With 1 ms it was a quarter of a second, and on a busy machine a
 * third of the packets of 3 000 connections/s was lost; with 8 none, at half the processor time for a connection.
 */
export const RETIRE_MS = 8
/** Free room in front of every packet, for the cooked header (20) or a VLAN tag (4) that is put there. */
const RESERVE_BYTES = 32

/** One packet socket with its ring in memory. The mapping is never undone: a view after munmap is a SIGSEGV. */
export interface PacketRing {
  readonly fd: number
  /** `undefined` for the ring of every interface. */
  readonly name: string | undefined
  /** 0 for every interface. */
  readonly index: number
  readonly linkType: number
  /** Packets come without link header (SOCK_DGRAM) and get one of `linkType`. */
  readonly cooked: boolean
  readonly snaplen: number
  readonly promiscuous: boolean
  readonly bytes: Uint8Array
  readonly view: DataView
  /** The same memory for the block status words, which are only read and written through Atomics. */
  readonly words: Int32Array
  readonly blockBytes: number
  readonly blockCount: number
}

/**
 * Opens the ring of one interface, or of all (`name` undefined). The order matters: with protocol 0 nothing is
 * received until `bind`, so no unfiltered packet is ever in the ring.
 *
 * Throws `UserError`: no privilege (exit 3), unknown interface or bad filter (exit 2), no memory (exit 2).
 */
export function openPacketRing(name: string | undefined, options: LiveOptions): PacketRing {
  const facts = name === undefined ? undefined : interfaceFacts(name)
  if (name !== undefined && facts === undefined) throw unknownInterface(name)
  const index = facts?.index ?? 0
  const ownLinkType = facts === undefined ? undefined : linkTypeOfHardware(facts.hardwareType)
  const cooked = ownLinkType === undefined
  // Whoever reads headers alone wants to know what follows, no more.
  const linkType = ownLinkType ?? (options.headersOnly ? LINK_ETHERNET : LINK_LINUX_SLL2)
  const fd = openSocket(cooked ? SOCK_DGRAM : SOCK_RAW, name)
  try {
    const filter =
      options.filter === undefined
        ? undefined
        : compileLiveFilter(options.filter, ownLinkType ?? LINK_LINUX_SLL2, options.snaplen)
    const linkHeader = ownLinkType === LINK_ETHERNET ? ETHERNET_HEADER : 0
    attachProgram(fd, captureProgram(filter, options.snaplen, options.headersOnly ? linkHeader : undefined))
    if (facts?.hardwareType === ARPHRD_LOOPBACK) ignoreOutgoing(fd)
    setOption(fd, PACKET_VERSION, [TPACKET_V3])
    setOption(fd, PACKET_RESERVE, [RESERVE_BYTES])
    const blockCount = Math.max(2, Math.floor((options.ringMib * 1024 * 1024) / BLOCK_BYTES))
    const memory = mapRing(fd, blockCount, options.blockMs ?? RETIRE_MS)
    const promiscuous = options.promiscuous && name !== undefined
    bindTo(fd, index, name)
    if (promiscuous) setOption(fd, PACKET_ADD_MEMBERSHIP, promiscuousRequest(index))
    return {
      fd,
      name,
      index,
      linkType,
      cooked,
      snaplen: options.snaplen,
      promiscuous,
      bytes: new Uint8Array(memory),
      view: new DataView(memory),
      words: new Int32Array(memory),
      blockBytes: BLOCK_BYTES,
      blockCount,
    }
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/**
 * Every packet of loopback comes in too: the copy that goes out, which the program refuses, is then not even made. Until
 * Linux 4.20 there is no such option. On the ring of every interface it would hide what leaves the machine.
 */
function ignoreOutgoing(fd: number): void {
  const yes = new Uint8Array(Uint32Array.of(1).buffer)
  libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, yes, yes.length)
}

/** `struct packet_mreq` {i32 index, u16 type, u16 length, u8[8]} as words. */
export function promiscuousRequest(index: number): readonly number[] {
  return [index, PACKET_MR_PROMISC, 0, 0]
}

/** Sets a packet option from 32-bit words. */
export function setOption(fd: number, option: number, words: readonly number[]): void {
  const value = new Uint8Array(Uint32Array.from(words).buffer)
  if (libc.setsockopt(fd, SOL_PACKET, option, value, value.length) === -1)
    throw libc.lastError(`packet socket option ${option}`)
}

function openSocket(type: number, name: string | undefined): number {
  const fd = libc.socket(AF_PACKET, type | SOCK_CLOEXEC, 0)
  if (fd !== -1) return fd
  const error = libc.lastError('packet socket')
  const where = name === undefined ? 'every interface' : name
  if (error.code === 'EPERM' || error.code === 'EACCES')
    throw new UserError(`Cannot capture on ${where}: no permission to open a packet socket`, {
      hint: grantHint(['cap_net_raw']),
      exitCode: EXIT.privilege,
      cause: error,
    })
  throw new UserError(`Cannot capture on ${where}: this kernel gives no packet sockets (${error.code})`, {
    hint: 'try --engine cap',
    exitCode: EXIT.internal,
    cause: error,
  })
}

/** `struct tpacket_req3`: block size, blocks, frame size, frames, retire time, private area, features. */
function mapRing(fd: number, blockCount: number, retireMs: number): ArrayBuffer {
  const length = blockCount * BLOCK_BYTES
  const frames = length / FRAME_BYTES
  const noMemory = (cause: unknown): UserError =>
    new UserError(`Cannot make a capture ring of ${length / 1024 / 1024} MiB: not enough memory`, {
      hint: 'ask for a smaller one with -B',
      cause,
    })
  try {
    setOption(fd, PACKET_RX_RING, [BLOCK_BYTES, blockCount, FRAME_BYTES, frames, retireMs, 0, 0])
  } catch (error) {
    throw error instanceof libc.SystemError && error.code === 'ENOMEM' ? noMemory(error) : error
  }
  const pointer = libc.mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, 0)
  if (libc.isMapFailed(pointer)) throw noMemory(libc.lastError('mmap of the capture ring'))
  return libc.memoryAt(pointer, length)
}

/** `struct sockaddr_ll`: u16 family, be16 protocol, i32 index, … 20 bytes. Packets flow from here on. */
function bindTo(fd: number, index: number, name: string | undefined): void {
  const address = new Uint8Array(20)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, ETH_P_ALL)
  view.setInt32(4, index, true)
  if (libc.bind(fd, address, address.length) !== -1) return
  const error = libc.lastError('bind of the packet socket')
  throw error.code === 'ENODEV' && name !== undefined ? unknownInterface(name) : error
}
