import { formatIpv4, formatIpv6 } from '../wire/address.ts'
import { Frame } from '../wire/frame.ts'
import { KIND_ICMP, KIND_TCP, KIND_UDP, PacketStack } from '../wire/stack.ts'
import type { KernelEnd, KernelFact } from './fact.ts'
import { COMMON_LENGTH, type CommonLayout } from './layout.ts'
import {
  CHANGE,
  isChange,
  KIND,
  NAME_LENGTH,
  NAMED_LENGTH,
  netnsOf,
  PAYLOAD_LENGTH,
  pidOf,
  RECORD,
  RECORD_LENGTH,
  socketAt,
} from './ring-record.ts'
import { isMadeByCaller, tcpStateName } from './tcp-states.ts'

/** What only the machine can tell about the numbers in a record. */
export interface KernelNames {
  /** Names by number, of the running kernel. */
  readonly dropReasons: ReadonlyMap<number, string>
  readonly resetReasons: ReadonlyMap<number, string>
  /** errno name of a positive number. */
  error(number: number): string
  /** The function around an address of the kernel's code (its low 48 bits); `null` when addresses are hidden. */
  location(address: number): string | null
  /** A name of a process or an interface, in UTF-8. */
  text(bytes: Uint8Array): string
}

const AF_INET6 = 10
const CLOSE = 7
const UDP = 17
const LINK_RAW = 101
/** Errors reported to sockets that are remembered until connect() returns them. */
const REPORTED = 1024

/** Makes facts of the records that the programs wrote. One literal for each; a record in which nothing can be read gives none. */
export class FactReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #common: CommonLayout
  readonly #names: KernelNames
  readonly #frame = new Frame()
  readonly #packet = new PacketStack()
  /** By socket: the error that came from the network, which a blocking connect() returns afterwards. */
  readonly #reported = new Map<number, number>()

  constructor(memory: Uint8Array, common: CommonLayout, names: KernelNames) {
    this.#bytes = memory
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
    this.#common = common
    this.#names = names
    this.#frame.rebind(memory, this.#view)
  }

  /** The record of `length` bytes at `offset`; `undefined` when it tells nothing. */
  read(offset: number, length: number): KernelFact | undefined {
    if (length < CHANGE.name[4]) return undefined
    // In the log of changes the entry's number stands behind it.
    const kind = this.#view.getUint8(offset + RECORD.kind)
    if (isChange(kind)) return this.#change(offset, length, kind === KIND.state6 ? 6 : 4)
    if (length < RECORD_LENGTH) return undefined
    if (kind === KIND.drop) return this.#drop(offset)
    if (kind === KIND.reset) return this.#reset(offset)
    const at = this.#wide(offset + RECORD.time)
    const netns = this.#netns(offset)
    const proto = this.#view.getUint16(offset + RECORD.protocol, true) === UDP ? 'udp' : 'tcp'
    const value = this.#view.getInt32(offset + RECORD.value, true)
    const state = this.#view.getUint32(offset + RECORD.state, true)
    const local = this.#local(offset, kind)
    const remote = this.#remote(offset)
    const base = { at, netns, proto, local, remote } as const
    switch (kind) {
      case KIND.error:
        // Closing with linger 0 reports ECONNRESET to the very socket that is closed, after forgetting its peer.
        if (proto === 'tcp' && remote.port === 0) return undefined
        this.#remember(this.#socket(offset), value)
        return { fact: 'error', ...base, error: this.#names.error(value) }
      case KIND.activeReset:
        return {
          fact: 'reset_sent',
          ...base,
          reason: this.#names.resetReasons.get(value) ?? null,
          state: tcpStateName(state),
          active: true,
        }
      case KIND.resetReceived:
        return { fact: 'reset_received', ...base }
      case KIND.retransmit:
        return {
          fact: 'retransmit',
          ...base,
          state: tcpStateName(state),
          ...(value < 0 && { error: this.#names.error(-value) }),
        }
      case KIND.retransmitSynAck:
        return { fact: 'retransmit_synack', ...base }
      case KIND.call:
        return this.#call(offset, base, value)
      default:
        return undefined
    }
  }

  /** The change at `offset` of a memory may begin a new attempt: what was reported before it is no answer to it. */
  renew(view: DataView, offset: number): void {
    if (this.#reported.size > 0 && view.getUint8(offset + CHANGE.from) === CLOSE)
      this.#reported.delete(socketAt(view, offset))
  }

  #change(offset: number, length: number, family: 4 | 6): KernelFact | undefined {
    const view = this.#view
    const from = view.getUint8(offset + CHANGE.from)
    const to = view.getUint8(offset + CHANGE.to)
    const isNamed = isMadeByCaller(from, to)
    if (length < (isNamed ? NAMED_LENGTH : CHANGE.name)[family]) return undefined
    const local = offset + CHANGE.local[family]
    const remote = offset + CHANGE.remote
    const addr =
      family === 4
        ? (at: number) => formatIpv4(view.getUint32(at))
        : (at: number) => address6(view, at, isMapped(view, remote) || isMapped(view, local))
    const pid = isNamed ? pidOf(view.getUint32(offset + CHANGE.pid, true)) : 0
    this.renew(view, offset)
    return {
      fact: 'state',
      at: this.#wide(offset + RECORD.time),
      netns: this.#netns(offset),
      proto: 'tcp',
      local: { addr: addr(local), port: view.getUint16(offset + CHANGE.port) },
      remote: { addr: addr(remote), port: view.getUint16(offset + CHANGE.remotePort) },
      socket: this.#socket(offset),
      from: tcpStateName(from),
      to: tcpStateName(to),
      ...(pid !== 0 && { pid, comm: this.#name(offset + CHANGE.name[family]) }),
    }
  }

  #call(offset: number, base: Omit<SocketBase, 'remote'>, value: number): KernelFact | undefined {
    const socket = this.#socket(offset)
    // A blocking connect() that waited: what it returns was reported as it came.
    if (this.#reported.get(socket) === -value) {
      this.#reported.delete(socket)
      return undefined
    }
    const pid = pidOf(this.#view.getUint32(offset + RECORD.pid, true))
    return {
      fact: 'call',
      ...base,
      socket,
      remote: this.#dialled(offset + RECORD.payload + COMMON_LENGTH),
      call: 'connect',
      error: this.#names.error(-value),
      pid,
      comm: this.#name(offset + RECORD.name),
    }
  }

  #reset(offset: number): KernelFact | undefined {
    if (this.#walk(offset) !== KIND_TCP) return undefined
    const packet = this.#packet
    const { family } = packet
    const hasSocket = this.#socket(offset) !== 0
    return {
      fact: 'reset_sent',
      at: this.#wide(offset + RECORD.time),
      netns: this.#netns(offset),
      proto: 'tcp',
      // The packet that is answered: its destination is here.
      local: end(family, packet.destination, packet.destinationPort),
      remote: end(family, packet.source, packet.sourcePort),
      reason: this.#names.resetReasons.get(this.#view.getInt32(offset + RECORD.value, true)) ?? null,
      state: hasSocket ? tcpStateName(this.#view.getUint32(offset + RECORD.state, true)) : null,
      active: false,
    }
  }

  #drop(offset: number): KernelFact | undefined {
    const kind = this.#walk(offset)
    const packet = this.#packet
    const icmp = kind === KIND_ICMP
    if (!icmp && kind !== KIND_TCP && kind !== KIND_UDP) return undefined
    if (icmp && packet.quoted.valid === 0) return undefined
    const told = icmp ? packet.quoted : packet
    if (told.protocol !== 6 && told.protocol !== UDP) return undefined
    const reason = this.#view.getUint32(offset + RECORD.value, true)
    const iface = this.#interface(offset)
    return {
      fact: 'drop',
      at: this.#wide(offset + RECORD.time),
      netns: this.#netns(offset),
      proto: told.protocol === UDP ? 'udp' : 'tcp',
      src: end(told.family, told.source, told.sourcePort),
      dst: end(told.family, told.destination, told.destinationPort),
      flags: kind === KIND_TCP ? packet.tcp.flags & 0xff : 0,
      icmp,
      reason: this.#names.dropReasons.get(reason) ?? `REASON_${reason}`,
      location: this.#names.location(this.#address(offset + RECORD.location)),
      ...(iface !== undefined && { iface }),
    }
  }

  /** Reads the packet in the payload; what lies behind the buffer's first piece is not it. Returns its KIND_. */
  #walk(offset: number): number {
    const network = this.#view.getUint32(offset + RECORD.network, true)
    const whole = this.#view.getUint32(offset + RECORD.tail, true) - network
    const length = Math.min(PAYLOAD_LENGTH, Math.max(0, whole))
    this.#frame.move(offset + RECORD.payload, length, Math.max(length, whole))
    return this.#packet.walk(this.#frame, LINK_RAW)
  }

  #remember(socket: number, error: number): void {
    this.#reported.delete(socket)
    this.#reported.set(socket, error)
    if (this.#reported.size > REPORTED)
      for (const oldest of this.#reported.keys()) return void this.#reported.delete(oldest)
  }

  #local(offset: number, kind: number): KernelEnd {
    const { local, local6, localPort } = this.#common
    const payload = offset + RECORD.payload
    // A request has no port of its own kind; a closed socket has only that.
    const port =
      kind === KIND.retransmitSynAck
        ? this.#view.getUint16(payload + localPort, true)
        : this.#view.getUint16(offset + RECORD.port)
    return this.#end(payload, local, local6, port)
  }

  #remote(offset: number): KernelEnd {
    const { remote, remote6, remotePort } = this.#common
    const payload = offset + RECORD.payload
    return this.#end(payload, remote, remote6, this.#view.getUint16(payload + remotePort))
  }

  #end(payload: number, v4: number, v6: number, port: number): KernelEnd {
    const view = this.#view
    const { family, remote6, local6 } = this.#common
    if (view.getUint16(payload + family, true) !== AF_INET6 || v6 < 0)
      return { addr: formatIpv4(view.getUint32(payload + v4)), port }
    const mapped = isMapped(view, payload + remote6) || isMapped(view, payload + local6)
    return { addr: address6(view, payload + v6, mapped), port }
  }

  /** `struct sockaddr_in` or `sockaddr_in6`. */
  #dialled(at: number): KernelEnd {
    const view = this.#view
    const port = view.getUint16(at + 2)
    if (view.getUint16(at, true) !== AF_INET6) return { addr: formatIpv4(view.getUint32(at + 4)), port }
    return { addr: address6(view, at + 8, isMapped(view, at + 8)), port }
  }

  #name(at: number): string {
    const bytes = this.#bytes.subarray(at, at + NAME_LENGTH)
    const nul = bytes.indexOf(0)
    return this.#names.text(nul < 0 ? bytes : bytes.subarray(0, nul))
  }

  #interface(offset: number): string | undefined {
    return this.#bytes[offset + RECORD.name] === 0 ? undefined : this.#name(offset + RECORD.name)
  }

  #netns(offset: number): number | null {
    return netnsOf(this.#view.getUint32(offset + RECORD.netns, true))
  }

  #socket(offset: number): number {
    return socketAt(this.#view, offset)
  }

  /** 48 significant bits: the rest of a kernel address is ones. */
  #address(at: number): number {
    return this.#view.getUint32(at, true) + (this.#view.getUint32(at + 4, true) & 0xffff) * 0x1_0000_0000
  }

  #wide(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000
  }
}

interface SocketBase {
  readonly at: number
  readonly netns: number | null
  readonly proto: 'tcp' | 'udp'
  readonly local: KernelEnd
  readonly remote: KernelEnd
}

function end(family: number, words: Uint32Array, port: number): KernelEnd {
  if (family === 4) return { addr: formatIpv4(words[0]!), port }
  return { addr: formatIpv6(words[0]!, words[1]!, words[2]!, words[3]!), port }
}

/** ::ffff:0:0/96, RFC 4291 section 2.5.5.2. */
function isMapped(view: DataView, at: number): boolean {
  return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 && view.getUint32(at + 8) === 0xffff
}

/** `mapped`: one of the two ends is, so that the other one's last word, set or not, is IPv4 too. */
function address6(view: DataView, at: number, mapped: boolean): string {
  const last = view.getUint32(at + 12)
  if (mapped) return formatIpv4(last)
  return formatIpv6(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), last)
}
