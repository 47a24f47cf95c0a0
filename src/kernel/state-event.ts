import type { EventField, EventFormat } from './event-format.ts'

/** Kernel socket states (include/net/tcp_states.h) that ownership turns on. */
export const ESTABLISHED = 1
export const SYN_SENT = 2
export const CLOSE = 7
export const LISTEN = 10

const AF_INET6 = 10

/**
 * A socket's change of state: a view moved from record to record, holding numbers only.
 *
 * IPv4-mapped addresses (an IPv6 socket that speaks IPv4) are given as IPv4, as packets have them.
 * An unset address is 0; the unset IPv4 address of an IPv6 socket too, so its wildcard is family 6.
 */
export class StateChange {
  /** Kernel address of the socket: 48 significant bits, constant while the socket lives, then used again. */
  socket = 0
  oldState = 0
  newState = 0
  /** 0 at CLOSE→SYN_SENT (chosen after it), or stale there when the socket connected before. */
  localPort = 0
  remotePort = 0
  /** 4 or 6. */
  family = 0
  protocol = 0
  /** Inode of the network namespace; `null` where the record does not say. */
  netns: number | null = null
  readonly local: Uint32Array = new Uint32Array(4)
  readonly remote: Uint32Array = new Uint32Array(4)
}

/** A record of the tracepoint `sock:inet_sock_set_state`. */
export class StateEvent extends StateChange {
  readonly #fields: StateFields

  constructor(fields: StateFields) {
    super()
    this.#fields = fields
  }

  /** Reads the record at `offset`; false when it is too short for the format. */
  at(view: DataView, offset: number, length: number): boolean {
    const fields = this.#fields
    if (length < fields.length) return false
    const socket = offset + fields.skaddr.offset
    this.socket = view.getUint32(socket, true) + (view.getUint32(socket + 4, true) & 0xffff) * 0x1_0000_0000
    this.oldState = unsigned(view, offset, fields.oldstate)
    this.newState = unsigned(view, offset, fields.newstate)
    this.localPort = unsigned(view, offset, fields.sport)
    this.remotePort = unsigned(view, offset, fields.dport)
    this.protocol = unsigned(view, offset, fields.protocol)
    const v6 = unsigned(view, offset, fields.family) === AF_INET6
    const mapped =
      v6 &&
      (isMapped(view, offset + fields.daddr_v6.offset) || isMapped(view, offset + fields.saddr_v6.offset))
    this.family = v6 && !mapped ? 6 : 4
    if (this.family === 6) {
      words(view, offset + fields.saddr_v6.offset, this.local)
      words(view, offset + fields.daddr_v6.offset, this.remote)
    } else {
      this.local.fill(0)
      this.remote.fill(0)
      this.local[0] = view.getUint32(offset + fields.saddr.offset)
      this.remote[0] = view.getUint32(offset + fields.daddr.offset)
    }
    return true
  }
}

const NAMES = [
  'skaddr',
  'oldstate',
  'newstate',
  'sport',
  'dport',
  'family',
  'protocol',
  'saddr',
  'daddr',
  'saddr_v6',
  'daddr_v6',
] as const

export type StateFields = Readonly<Record<(typeof NAMES)[number], EventField>> & {
  /** Bytes that a record must have. */
  readonly length: number
}

/** The fields that a `StateEvent` reads; `undefined` when this kernel's record lacks one of them. */
export function stateFields(format: EventFormat): StateFields | undefined {
  const found: Partial<Record<(typeof NAMES)[number], EventField>> = {}
  let length = 0
  for (const name of NAMES) {
    const field = format.fields.get(name)
    if (field === undefined) return undefined
    found[name] = field
    length = Math.max(length, field.offset + field.size)
  }
  return { ...(found as Record<(typeof NAMES)[number], EventField>), length }
}

/** `protocol` was one byte until 5.6 and is two since. */
function unsigned(view: DataView, offset: number, field: EventField): number {
  const at = offset + field.offset
  if (field.size === 1) return view.getUint8(at)
  return field.size === 2 ? view.getUint16(at, true) : view.getUint32(at, true)
}

function words(view: DataView, offset: number, to: Uint32Array): void {
  for (let i = 0; i < 4; i++) to[i] = view.getUint32(offset + 4 * i)
}

/** ::ffff:0:0/96, RFC 4291 section 2.5.5.2. */
function isMapped(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0 && view.getUint32(offset + 8) === 0xffff
  )
}
