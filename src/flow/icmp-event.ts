import { formatAddress } from '../wire/address.ts'
import { type EventScope, flowBase } from './annotation.ts'
import type { IcmpErrorEvent } from './event.ts'
import type { FlowView } from './flow-view.ts'
import type { IcmpError } from './icmp-error.ts'
import type { Nanos } from './time.ts'

/** What became of the flow that the message quotes. */
export type IcmpEffect = 'ended' | 'noted' | 'stray'

export interface IcmpMessage {
  readonly type: number
  readonly code: number
  /** Who sent it: family and address words. */
  readonly family: number
  readonly from: Uint32Array
}

/** An ICMP error that quotes a packet of `row`; `source` is the direction of the quoted packet. */
export function icmpErrorEvent(
  scope: EventScope,
  flow: FlowView,
  source: number,
  at: Nanos,
  packet: number,
  iface: number,
  message: IcmpMessage,
  meaning: IcmpError,
  effect: IcmpEffect,
): IcmpErrorEvent {
  const from = formatAddress(message.family, message.from)
  return {
    ...flowBase(scope, flow, source, at, packet, iface),
    event: 'icmp_error',
    icmp_type: message.type,
    icmp_code: message.code,
    icmp_name: meaning.name,
    from,
    ...(meaning.error === undefined || effect === 'stray' ? {} : { error: meaning.error }),
    text: text(from, meaning, effect),
  }
}

function text(from: string, meaning: IcmpError, effect: IcmpEffect): string {
  const said = `${from} says: ${meaning.name}`
  if (effect === 'stray') return `${said}; it quotes no number that is outstanding: ignored`
  if (effect === 'ended') return `${said}: connect() fails with ${meaning.error}`
  if (meaning.error === undefined) return said
  return `${said}; an open connection only notes it (${meaning.error} once it gives up)`
}
