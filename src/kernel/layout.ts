import type { Btf } from './btf.ts'

/** Where the programs and the reader find things in this kernel's structs, bytes from the start of each. */
export interface KernelLayout {
  readonly common: CommonLayout
  /** `struct sock` and `struct inet_sock`, which begins with it. */
  readonly socketProtocol: number
  readonly socketState: number
  readonly socketError: number
  readonly sourcePort: number
  readonly netInode: number
  readonly packet: PacketLayout
  /** `struct net_device`. */
  readonly deviceNet: number
  readonly deviceName: number
}

/** `struct sock_common`, with which every kind of socket begins, requests and TIME_WAIT too. */
export interface CommonLayout {
  readonly remote: number
  readonly local: number
  readonly remotePort: number
  readonly localPort: number
  readonly family: number
  readonly net: number
  /** -1 in a kernel without IPv6. */
  readonly remote6: number
  readonly local6: number
}

/** `struct sk_buff`. */
export interface PacketLayout {
  readonly head: number
  readonly networkHeader: number
  readonly tail: number
  readonly device: number
  readonly socket: number
}

/** Bytes that a record copies from the start of a socket: all of `CommonLayout` must lie within. */
export const COMMON_LENGTH = 96

/** Throws `RangeError` naming what this kernel lacks. */
export function readLayout(btf: Btf): KernelLayout {
  const missing: string[] = []
  const at = (struct: string, path: string): number => {
    const offset = btf.offset(struct, path)
    if (offset === undefined) missing.push(`${struct}.${path}`)
    return offset ?? 0
  }
  const common = {
    remote: at('sock_common', 'skc_daddr'),
    local: at('sock_common', 'skc_rcv_saddr'),
    remotePort: at('sock_common', 'skc_dport'),
    localPort: at('sock_common', 'skc_num'),
    family: at('sock_common', 'skc_family'),
    net: at('sock_common', 'skc_net.net'),
    remote6: btf.offset('sock_common', 'skc_v6_daddr') ?? -1,
    local6: btf.offset('sock_common', 'skc_v6_rcv_saddr') ?? -1,
  }
  const layout: KernelLayout = {
    common,
    socketProtocol: at('sock', 'sk_protocol'),
    socketState: at('sock', '__sk_common.skc_state'),
    socketError: at('sock', 'sk_err'),
    sourcePort: at('inet_sock', 'inet_sport'),
    netInode: at('net', 'ns.inum'),
    packet: {
      head: at('sk_buff', 'head'),
      networkHeader: at('sk_buff', 'network_header'),
      tail: at('sk_buff', 'tail'),
      device: at('sk_buff', 'dev'),
      socket: at('sk_buff', 'sk'),
    },
    deviceNet: at('net_device', 'nd_net.net'),
    deviceName: at('net_device', 'name'),
  }
  const last = Math.max(...Object.values(common)) + 16
  if (last > COMMON_LENGTH) missing.push('a struct sock_common of the usual size')
  if (missing.length > 0) throw new RangeError(`this kernel lacks ${missing.join(', ')}`)
  return layout
}
