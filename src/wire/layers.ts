import { ArcnetHeader } from './arcnet.ts'
import { ErspanHeader } from './erspan.ts'
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MIN, ETHERTYPE_TEB, EthernetHeader } from './ethernet.ts'
import { FddiHeader } from './fddi.ts'
import { BACKBONE_TAG, CISCO_HDLC, FABRIC_PATH, FixedLayer, INFINIBAND } from './fixed-layer.ts'
import type { Frame } from './frame.ts'
import { JuniperHeader } from './juniper.ts'
import {
  LAYER_ETHERNET,
  LAYER_IP,
  LAYER_LINK,
  LAYER_LLC,
  LAYER_PPP,
  LAYER_WLAN,
  type Layer,
} from './layer.ts'
import { ETHERTYPE_MPLS, ETHERTYPE_MPLS_MULTICAST, MplsStack } from './mpls.ts'
import { NflogHeader } from './nflog.ts'
import { NullHeader } from './null-loop.ts'
import { PktapHeader } from './pktap.ts'
import { PpiHeader } from './ppi.ts'
import { PppHeader } from './ppp.ts'
import { ETHERTYPE_PPPOE, PppoeHeader } from './pppoe.ts'
import { RadiotapHeader } from './radiotap.ts'
import { RawPacket } from './raw.ts'
import { SllHeader } from './sll.ts'
import { Sll2Header } from './sll2.ts'
import { SnapHeader } from './snap.ts'
import { VlanTag } from './vlan.ts'
import { WlanHeader } from './wlan.ts'

/** What `follow` says instead of an EtherType. */
export const LAYERS_BAD = -1
export const LAYERS_UNKNOWN_LINK = -2

/** 802.1Q, 802.1ad, and the two that were used for stacking before 802.1ad. */
const ETHERTYPE_VLAN = 0x8100
const ETHERTYPE_PROVIDER_VLAN = 0x88a8
const ETHERTYPE_OLD_VLAN = 0x9100
const ETHERTYPE_OLDER_VLAN = 0x9200
const ETHERTYPE_PPP = 0x880b
const ETHERTYPE_BACKBONE = 0x88e7
const ETHERTYPE_FABRIC_PATH = 0x8903
/** GRE's names for MikroTik's Ethernet, for mirrored frames (type II and III), for 802.11 from access points. */
const GRE_EOIP = 0x6400
const GRE_ERSPAN = 0x88be
const GRE_ERSPAN_III = 0x22eb
const GRE_WLAN_FIRST = 0x8200
const GRE_WLAN_LAST = 0x8370

/** Follows headers from a link type or an EtherType to IP. One instance, whose headers are reused. */
export class Layers {
  /** Where what `follow` found begins. */
  offset = 0

  private readonly ethernet = new EthernetHeader()
  private readonly vlan = new VlanTag()
  private readonly snap = new SnapHeader()
  private readonly sll = new SllHeader()
  private readonly sll2 = new Sll2Header()
  private readonly null = new NullHeader()
  private readonly raw = new RawPacket()
  private readonly mpls = new MplsStack()
  private readonly pppoe = new PppoeHeader()
  private readonly ppp = new PppHeader()
  private readonly wlan = new WlanHeader()
  private readonly radiotap = new RadiotapHeader()
  private readonly ppi = new PpiHeader()
  private readonly pktap = new PktapHeader()
  private readonly erspan = new ErspanHeader()
  private readonly arcnet = new ArcnetHeader()
  private readonly fddi = new FddiHeader()
  private readonly nflog = new NflogHeader()
  private readonly juniper = new JuniperHeader()
  private readonly backboneTag = new FixedLayer(BACKBONE_TAG)
  private readonly fabricPath = new FixedLayer(FABRIC_PATH)
  private readonly hdlc = new FixedLayer(CISCO_HDLC)
  private readonly infiniband = new FixedLayer(INFINIBAND)

  /**
   * From `type` (an EtherType or a LAYER_ number) at `offset`. Returns the EtherType that it ends at, IP's or one
   * that is not read, 0 for what has none, or a LAYERS_ number. Always ends: only known layers repeat, and all
   * that repeat are at least a byte long.
   */
  follow(frame: Frame, offset: number, type: number): number {
    for (;;) {
      // A number that small is the length of an 802.2 frame.
      if (type > 0 && type < ETHERTYPE_MIN) type = LAYER_LLC
      if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) break
      const layer = type < LAYER_LINK ? this.carried(type) : this.linked(type - LAYER_LINK)
      if (layer === undefined) {
        if (type >= LAYER_LINK) return LAYERS_UNKNOWN_LINK
        break
      }
      if (!layer.at(frame, offset)) {
        // 802.2 frames other than SNAP are whole, and not IP.
        if (layer === this.snap) type = 0
        else return LAYERS_BAD
        break
      }
      type = layer.etherType
      offset += layer.headerLength
    }
    this.offset = offset
    return type
  }

  /** The header of what has an EtherType or a LAYER_ number; `undefined` when it is not read. */
  private carried(type: number): Layer | undefined {
    switch (type) {
      case ETHERTYPE_VLAN:
      case ETHERTYPE_PROVIDER_VLAN:
      case ETHERTYPE_OLD_VLAN:
      case ETHERTYPE_OLDER_VLAN:
        return this.vlan
      case LAYER_ETHERNET:
      case ETHERTYPE_TEB:
      case GRE_EOIP:
        return this.ethernet
      case LAYER_LLC:
        return this.snap
      case LAYER_IP:
        return this.raw
      case ETHERTYPE_MPLS:
      case ETHERTYPE_MPLS_MULTICAST:
        return this.mpls
      case ETHERTYPE_PPPOE:
        return this.pppoe
      case LAYER_PPP:
      case ETHERTYPE_PPP:
        return this.ppp
      case LAYER_WLAN:
        return this.wlan
      case ETHERTYPE_BACKBONE:
        return this.backboneTag
      case ETHERTYPE_FABRIC_PATH:
        return this.fabricPath
      case GRE_ERSPAN:
      case GRE_ERSPAN_III:
        return this.erspan
      default:
        return type >= GRE_WLAN_FIRST && type <= GRE_WLAN_LAST ? this.wlan : undefined
    }
  }

  /** The header that a LINKTYPE_ value stands for (draft-ietf-opsawg-pcaplinktype). */
  private linked(linkType: number): Layer | undefined {
    switch (linkType) {
      case 0: // NULL
      case 108: // LOOP
        return this.null
      case 1: // ETHERNET
        return this.ethernet
      case 113: // LINUX_SLL
        return this.sll
      case 276: // LINUX_SLL2
        return this.sll2
      case 12: // RAW, as OpenBSD and others number it
      case 14:
      case 101: // RAW
      case 228: // IPV4
      case 229: // IPV6
        return this.raw
      case 9: // PPP
      case 50: // PPP_HDLC
        return this.ppp
      case 51: // PPP_ETHER
        return this.pppoe
      case 104: // C_HDLC
        return this.hdlc
      case 105: // IEEE802_11
        return this.wlan
      case 127: // IEEE802_11_RADIOTAP
        return this.radiotap
      case 192: // PPI
        return this.ppi
      case 10: // FDDI
        return this.fddi
      case 129: // ARCNET_LINUX
        return this.arcnet
      case 178: // JUNIPER_ETHER
        return this.juniper
      case 239: // NFLOG
        return this.nflog
      case 242: // IPOIB
        return this.infiniband
      case 258: // PKTAP
        return this.pktap
      default:
        return undefined
    }
  }
}
