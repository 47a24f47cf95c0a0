import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { LINK_ETHERNET, LINK_LINUX_SLL2, LINK_RAW } from '../capture/link-type.ts'
import { EXIT, UserError } from '../user-error.ts'

/** One network interface of this namespace; reading it needs no privilege. */
export interface Device {
  readonly name: string
  readonly index: number
  /** Switched on by the administrator. */
  readonly up: boolean
  /** Up and with a carrier: packets can pass. */
  readonly running: boolean
  readonly loopback: boolean
  readonly wireless?: true
  readonly mtu: number
  /** LINKTYPE_ value under which its packets are captured. */
  readonly linkType: number
  /** Hardware address; absent where the interface has none. */
  readonly mac?: string
  /** IP addresses without prefix length. */
  readonly addresses: readonly string[]
}

const SYSFS = '/sys/class/net'
const IFF_UP = 0x1
const IFF_LOOPBACK = 0x8

/** Hardware types (ARPHRD_, linux/if_arp.h) whose packets start with a header that is understood as it is. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [1, LINK_ETHERNET],
  [772, LINK_ETHERNET], // loopback: an Ethernet header of zeros
  [519, LINK_RAW], // raw IP (cellular modems)
  [65534, LINK_RAW], // none: tun, wireguard
])

/** The LINKTYPE_ of a hardware type; `undefined` where only a cooked capture makes sense. */
export function linkTypeOfHardware(hardwareType: number): number | undefined {
  return LINK_TYPES.get(hardwareType)
}

/** Every interface of this network namespace, in the kernel's order of indexes. */
export function listDevices(): Device[] {
  const addresses = networkInterfaces()
  return deviceNames()
    .map((name) => readDevice(name, addresses[name]?.map(({ address }) => address) ?? []))
    .filter((device) => device !== undefined)
    .sort((a, b) => a.index - b.index)
}

/** Names of all interfaces; empty where there is no sysfs. */
export function deviceNames(): string[] {
  try {
    // Files such as bonding_masters stand beside the interfaces' folders.
    return readdirSync(SYSFS).filter((name) => existsSync(`${SYSFS}/${name}/ifindex`))
  } catch {
    return []
  }
}

/** Packets that the interface itself dropped since it exists; `undefined` when sysfs does not tell. */
export function interfaceDrops(name: string): number | undefined {
  const drops = Number.parseInt(attribute(name, 'statistics/rx_dropped'), 10)
  return Number.isNaN(drops) ? undefined : drops
}

/** The answer to a name that no interface has. */
export function unknownInterface(name: string): UserError {
  const names = deviceNames()
  return new UserError(`Cannot capture on ${JSON.stringify(name)}: no such interface`, {
    hint: names.length === 0 ? 'see `ip link`' : `interfaces here: ${names.join(', ')}`,
    exitCode: EXIT.usage,
  })
}

/** An interface can vanish at any moment: then there is no device. */
function readDevice(name: string, addresses: readonly string[]): Device | undefined {
  const index = Number.parseInt(attribute(name, 'ifindex'), 10)
  if (Number.isNaN(index)) return undefined
  const flags = Number.parseInt(attribute(name, 'flags'), 16)
  const mac = attribute(name, 'address')
  const loopback = (flags & IFF_LOOPBACK) !== 0
  return {
    name,
    index,
    up: (flags & IFF_UP) !== 0,
    running: attribute(name, 'carrier') === '1',
    loopback,
    ...(existsSync(`${SYSFS}/${name}/phy80211`) ? { wireless: true as const } : {}),
    mtu: Number.parseInt(attribute(name, 'mtu'), 10),
    linkType: linkTypeOfHardware(Number.parseInt(attribute(name, 'type'), 10)) ?? LINK_LINUX_SLL2,
    ...(mac === '' || loopback ? {} : { mac }),
    addresses,
  }
}

/** Text of one sysfs file, trimmed; empty when it is not there or cannot be read (`carrier` of a device that is down). */
function attribute(name: string, file: string): string {
  try {
    return readFileSync(`${SYSFS}/${name}/${file}`, 'latin1').trim()
  } catch {
    return ''
  }
}
