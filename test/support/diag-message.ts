/** Builders of sock_diag messages (linux/inet_diag.h, linux/unix_diag.h) for tests, little-endian. */
export interface InetMessage {
  readonly family: 2 | 10
  readonly state: number
  readonly source: readonly number[]
  readonly sourcePort: number
  readonly destination?: readonly number[]
  readonly destinationPort?: number
  readonly timer?: number
  readonly retrans?: number
  readonly expires?: number
  readonly receive?: number
  readonly send?: number
  readonly uid?: number
  readonly inode?: number
  readonly iface?: number
  readonly cookie?: readonly [low: number, high: number]
  readonly attributes?: readonly Uint8Array[]
}

export function inetMessage(message: InetMessage): DataView {
  const view = new DataView(new ArrayBuffer(72))
  view.setUint8(0, message.family)
  view.setUint8(1, message.state)
  view.setUint8(2, message.timer ?? 0)
  view.setUint8(3, message.retrans ?? 0)
  view.setUint16(4, message.sourcePort)
  view.setUint16(6, message.destinationPort ?? 0)
  for (const [index, word] of message.source.entries()) view.setUint32(8 + 4 * index, word)
  for (const [index, word] of (message.destination ?? []).entries()) view.setUint32(24 + 4 * index, word)
  view.setUint32(40, message.iface ?? 0, true)
  view.setUint32(44, message.cookie?.[0] ?? 0, true)
  view.setUint32(48, message.cookie?.[1] ?? 0, true)
  view.setUint32(52, message.expires ?? 0, true)
  view.setUint32(56, message.receive ?? 0, true)
  view.setUint32(60, message.send ?? 0, true)
  view.setUint32(64, message.uid ?? 0, true)
  view.setUint32(68, message.inode ?? 0, true)
  return joined(view, message.attributes ?? [])
}

export interface UnixMessage {
  readonly type: 1 | 2 | 5
  readonly state: number
  readonly inode: number
  readonly attributes?: readonly Uint8Array[]
}

export function unixMessage({ type, state, inode, attributes = [] }: UnixMessage): DataView {
  const view = new DataView(new ArrayBuffer(16))
  view.setUint8(0, 1)
  view.setUint8(1, type)
  view.setUint8(2, state)
  view.setUint32(4, inode, true)
  view.setUint32(8, 0x2a, true)
  return joined(view, attributes)
}

/** One `nlattr`, padded to four bytes. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + value.length + 3) & ~3)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 4 + value.length, true)
  view.setUint16(2, type, true)
  bytes.set(value, 4)
  return bytes
}

/** 32-bit words of a value, little-endian. */
export function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value, true)
  return new Uint8Array(view.buffer)
}

function joined(view: DataView, attributes: readonly Uint8Array[]): DataView {
  const parts = [new Uint8Array(view.buffer), ...attributes]
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return new DataView(bytes.buffer)
}
