import { AYIYA_PORT, AyiyaHeader } from './ayiya.ts'
import { GENEVE_PORT, GeneveHeader } from './geneve.ts'
import { GreHeader } from './gre.ts'
import { GTP_PORT, GtpHeader } from './gtp.ts'
import { PROTOCOL_GRE, PROTOCOL_IPV4, PROTOCOL_IPV6, PROTOCOL_MPLS } from './ipv4.ts'
import { L2TP_PORT, L2tpHeader } from './l2tp.ts'
import type { Layer } from './layer.ts'
import { MplsStack } from './mpls.ts'
import { RawPacket } from './raw.ts'
import { VXLAN_PORT, VXLAN_PORT_LINUX, VxlanHeader } from './vxlan.ts'

/**
 * Which IP protocols and UDP ports carry whole packets, by what header, and what number stands for them.
 * Ports are those that Wireshark 4.0 reads without being told. One instance, whose headers are reused.
 */
export class Tunnels {
  private readonly packet = new RawPacket()
  private readonly mpls = new MplsStack()
  private readonly gre = new GreHeader()
  private readonly vxlan = new VxlanHeader()
  private readonly geneve = new GeneveHeader()
  private readonly gtp = new GtpHeader()
  private readonly l2tp = new L2tpHeader()
  private readonly ayiya = new AyiyaHeader()

  /** The header behind IP, `undefined` when `protocol` is no tunnel. */
  behindIp(protocol: number): Layer | undefined {
    switch (protocol) {
      case PROTOCOL_IPV4:
      case PROTOCOL_IPV6:
        return this.packet
      case PROTOCOL_GRE:
        return this.gre
      case PROTOCOL_MPLS:
        return this.mpls
      default:
        return undefined
    }
  }

  /** The header behind UDP to or from `port`, `undefined` when that is no tunnel's. */
  behindPort(port: number): Layer | undefined {
    switch (port) {
      case VXLAN_PORT:
      case VXLAN_PORT_LINUX:
        return this.vxlan
      case GENEVE_PORT:
        return this.geneve
      case GTP_PORT:
        return this.gtp
      case L2TP_PORT:
        return this.l2tp
      case AYIYA_PORT:
        return this.ayiya
      default:
        return undefined
    }
  }

  /**
   * Number of the network inside `layer`: 1 to 65 535, the same for both directions, mixed with that of the tunnel
   * around it.
   *
   * The pair of ends is the name. What headers say cannot be: TEIDs, L2TP's numbers and PPTP's keys are the
   * receiver's. In VXLAN and GENEVE not even the ends are: a routed packet goes by one identifier and its answer by
   * another, between carriers that may share an address with others. And IPv6 brought through IPv4 has addresses
   * of its own world, with relays that differ each way.
   */
  number(layer: Layer, outer: OuterHeader): number {
    const { protocol, source, destination } = outer
    let hash = mix(outer.tunnel + 1, protocol)
    if (layer === this.vxlan) hash = mix(hash, VXLAN_PORT)
    else if (layer === this.geneve) hash = mix(hash, GENEVE_PORT)
    else if (protocol !== PROTOCOL_IPV6)
      for (let word = 0; word < 4; word++) hash = mix(hash, source[word]! + destination[word]!)
    return 1 + (finish(hash) % 0xffff)
  }
}

/** What is known of the packet around. */
export interface OuterHeader {
  readonly protocol: number
  readonly source: Uint32Array
  readonly destination: Uint32Array
  /** 0 outside of any tunnel. */
  readonly tunnel: number
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
