import { networkInterfaces } from 'node:os'
import { LINK_ETHERNET, LINK_LINUX_SLL2, LINK_RAW } from '../capture/link-type.ts'
import { EXIT, UserError } from '../user-error.ts'
import { interfaceFacts, interfaceStatistics } from './interface-request.ts'

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

const IFF_UP = 0x1
const IFF_LOOPBACK = 0x8
const IFF_RUNNING = 0x40
/** ARPHRD_ETHER: the hardware address is six bytes. */
const ETHERNET = 1

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

/** Names of all interfaces of this network namespace. */
export function deviceNames(): string[] {
  return interfaceStatistics().map(({ name }) => name)
}

/** Whether the interface is there and up. */
export function isUp(name: string): boolean {
  return ((interfaceFacts(name)?.flags ?? 0) & IFF_UP) !== 0
}

/** Packets that the interface itself dropped since it exists; `undefined` when there is no such interface. */
export function interfaceDrops(name: string): number | undefined {
  return interfaceStatistics().find((row) => row.name === name)?.receiveDrops
}

/** The answer to a name that no interface has; `action` is what it was for. */
export function unknownInterface(name: string, action = 'capture on'): UserError {
  const names = deviceNames()
  return new UserError(`Cannot ${action} ${JSON.stringify(name)}: no such interface`, {
    hint: names.length === 0 ? 'see `ip link`' : `interfaces here: ${names.join(', ')}`,
    exitCode: EXIT.usage,
  })
}

/** An interface can vanish at any moment: then there is no device. */
function readDevice(name: string, addresses: readonly string[]): Device | undefined {
  const facts = interfaceFacts(name)
  if (facts === undefined) return undefined
  const { index, flags, mtu, hardwareType, wireless } = facts
  const mac = Array.from(facts.mac, (byte) => byte.toString(16).padStart(2, '0')).join(':')
  return {
    name,
    index,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    ...(wireless ? { wireless } : {}),
    mtu,
    linkType: linkTypeOfHardware(hardwareType) ?? LINK_LINUX_SLL2,
    ...(hardwareType === ETHERNET ? { mac } : {}),
    addresses,
  }
}
