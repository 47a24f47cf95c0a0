import type { Column } from './columns.ts'
import { sanitize } from './sanitize.ts'

/** A capture interface as `socktrace devices --json` prints it. */
export interface DeviceObject {
  readonly type: 'device'
  readonly name: string
  readonly index: number
  readonly up: boolean
  readonly running: boolean
  readonly loopback: boolean
  readonly wireless?: true
  readonly mtu: number
  /** LINKTYPE_ number of its packets in a capture file. */
  readonly link_type: number
  readonly mac?: string
  readonly addresses: readonly string[]
}

const LINK_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'ethernet'],
  [101, 'raw ip'],
  [276, 'cooked'],
])

function deviceState({ up, running }: DeviceObject): string {
  if (!up) return 'down'
  return running ? 'up' : 'no carrier'
}

export const deviceColumns: readonly Column<DeviceObject>[] = [
  {
    name: 'name',
    header: 'Name',
    text: ({ name }) => sanitize(name),
    paint: (cell, _, style) => style.bold(cell),
  },
  { name: 'index', header: 'Index', align: 'right', text: ({ index }) => String(index) },
  {
    name: 'state',
    header: 'State',
    text: deviceState,
    paint: (cell, device, style) => (deviceState(device) === 'up' ? style.good : style.dim)(cell),
  },
  {
    name: 'kind',
    header: 'Kind',
    text: ({ loopback, wireless, link_type }) =>
      loopback ? 'loopback' : wireless ? 'wireless' : (LINK_NAMES.get(link_type) ?? String(link_type)),
  },
  { name: 'mtu', header: 'MTU', align: 'right', text: ({ mtu }) => String(mtu) },
  { name: 'mac', header: 'MAC', text: ({ mac }) => mac ?? '-' },
  { name: 'addresses', header: 'Addresses', text: ({ addresses }) => addresses.join(' ') || '-' },
]
