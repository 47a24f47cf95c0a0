import { type EventFormat, parseEventFormat } from '../../src/kernel/event-format.ts'
import { StateEvent, stateFields } from '../../src/kernel/state-event.ts'
import { parseAddress } from '../../src/wire/address.ts'

/** Text of `sock/inet_sock_set_state/format`, laid out as Linux 5.6 and newer do unless told otherwise. */
export function formatText(
  options: { id?: number; protocolSize?: 1 | 2; shift?: number; omit?: string } = {},
): string {
  const { id = 2287, protocolSize = 2, shift = 0, omit } = options
  const late = protocolSize === 1 ? -1 : 0
  const fields: [string, string, number, number, number][] = [
    ['const void * ', 'skaddr', 8, 8, 0],
    ['int ', 'oldstate', 16, 4, 1],
    ['int ', 'newstate', 20, 4, 1],
    ['__u16 ', 'sport', 24, 2, 0],
    ['__u16 ', 'dport', 26, 2, 0],
    ['__u16 ', 'family', 28, 2, 0],
    [`__u${8 * protocolSize} `, 'protocol', 30, protocolSize, 0],
    ['__u8 ', 'saddr[4]', 32 + late, 4, 0],
    ['__u8 ', 'daddr[4]', 36 + late, 4, 0],
    ['__u8 ', 'saddr_v6[16]', 40 + late, 16, 0],
    ['__u8 ', 'daddr_v6[16]', 56 + late, 16, 0],
  ]
  const line = ([type, name, offset, size, signed]: (typeof fields)[number]): string =>
    `\tfield:${type}${name};\toffset:${offset};\tsize:${size};\tsigned:${signed};`
  return [
    'name: inet_sock_set_state',
    `ID: ${id}`,
    'format:',
    line(['unsigned short ', 'common_type', 0, 2, 0]),
    line(['unsigned char ', 'common_flags', 2, 1, 0]),
    line(['unsigned char ', 'common_preempt_count', 3, 1, 0]),
    line(['int ', 'common_pid', 4, 4, 1]),
    '',
    ...fields
      .filter(([, name]) => name !== omit)
      .map(([type, name, offset, size, signed]) => line([type, name, offset + shift, size, signed])),
    '',
    'print fmt: "family=%s field:no offset:1; size:1;", __print_symbolic(REC->family, { 2, "AF_INET" })',
    '',
  ].join('\n')
}

const FORMAT: EventFormat = parseEventFormat(formatText())!

export interface State {
  readonly socket: number
  readonly from: number
  readonly to: number
  readonly local: string
  readonly localPort: number
  readonly remote: string
  readonly remotePort: number
  /** An IPv6 socket that speaks IPv4. */
  readonly mapped?: boolean
  /** Where the record says it. */
  readonly netns?: number
}

/** The tracepoint's record in a given layout. */
export function stateRecord(state: State, format: EventFormat = FORMAT): Uint8Array {
  const fields = stateFields(format)!
  const bytes = new Uint8Array(fields.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, format.id, true)
  view.setUint32(fields.skaddr.offset, state.socket >>> 0, true)
  view.setUint32(fields.skaddr.offset + 4, 0xffff0000 + Math.floor(state.socket / 2 ** 32), true)
  view.setInt32(fields.oldstate.offset, state.from, true)
  view.setInt32(fields.newstate.offset, state.to, true)
  view.setUint16(fields.sport.offset, state.localPort, true)
  view.setUint16(fields.dport.offset, state.remotePort, true)
  view.setUint8(fields.protocol.offset, 6)
  const local = parseAddress(state.local)!
  const remote = parseAddress(state.remote)!
  const v4 = local.family === 4
  view.setUint16(fields.family.offset, v4 && state.mapped !== true ? 2 : 10, true)
  for (const [address, at4, at6] of [
    [local, fields.saddr.offset, fields.saddr_v6.offset],
    [remote, fields.daddr.offset, fields.daddr_v6.offset],
  ] as const) {
    if (v4) {
      view.setUint32(at4, address.words[0]!)
      view.setUint32(at6 + 8, 0xffff)
      view.setUint32(at6 + 12, address.words[0]!)
    } else for (const [index, word] of address.words.entries()) view.setUint32(at6 + 4 * index, word)
  }
  return bytes
}

/** The record as the view that the joins read. */
export function stateEvent(state: State): StateEvent {
  const event = new StateEvent(stateFields(FORMAT)!)
  const bytes = stateRecord(state)
  if (!event.at(new DataView(bytes.buffer), 0, bytes.length)) throw new Error('the record is too short')
  if (state.netns !== undefined) event.netns = state.netns
  return event
}
