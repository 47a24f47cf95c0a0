import type { Evidence, KernelDrop, KernelEvidence, KernelKind } from './evidence.ts'
import { otherSide } from './facts.ts'
import { times, timesText } from './words.ts'

/** Counters that explain failures (tcp-semantics: /proc/net/netstat, snmp, snmp6); others move all the time. */
const TELLING = new Set([
  'ListenOverflows',
  'ListenDrops',
  'TCPReqQFullDrop',
  'TCPReqQFullDoCookies',
  'SyncookiesSent',
  'SyncookiesRecv',
  'SyncookiesFailed',
  'EmbryonicRsts',
  'TCPDeferAcceptDrop',
  'IPReversePathFilter',
  'InCsumErrors',
  'OutNoRoutes',
  'Ip6OutNoRoutes',
  'TCPRetransFail',
  'TCPAbortOnData',
  'TCPAbortOnClose',
  'TCPAbortOnMemory',
  'TCPAbortOnTimeout',
  'PAWSEstab',
  'PAWSTimewait',
  'PAWSActive',
  'TCPBacklogDrop',
])

/** What the kernel told. Counters are the whole namespace's, and the sentence says so. */
export function kernelFacts(kernel: KernelEvidence): readonly string[] {
  const facts: string[] = []
  const { call, resetSent, resetReceived, error, retransmitError } = kernel
  if (call !== undefined) facts.push(`connect() returned ${call.error} at once`)
  const refusal = resetSent?.reason === 'NO_SOCKET' ? resetSent.side : undefined
  // The RST that answers it says the same.
  for (const drop of kernel.drops)
    if (drop.reason !== 'NO_SOCKET' || otherSide(drop.sender) !== refusal) facts.push(dropText(drop))
  if (resetSent !== undefined) {
    const { side, reason, state, active } = resetSent
    const why = reason ?? (state === null ? 'no socket' : 'no reason given')
    const from = state === null ? '' : `, socket in ${state}`
    facts.push(`RST by the ${side}'s host: ${why}${from}${active ? ', not asked for' : ''}`)
  }
  if (resetReceived !== undefined) facts.push(`${resetReceived.side} took the RST`)
  for (const side of ['client', 'server'] as const)
    if (kernel.retransmits[side] > 0)
      facts.push(`${times(kernel.retransmits[side], 'retransmission')} by the ${side}`)
  if (kernel.synAckRetransmits > 0) facts.push(`SYN+ACK sent again ${timesText(kernel.synAckRetransmits)}`)
  if (retransmitError !== undefined) facts.push(`sending again failed with ${retransmitError}`)
  if (error !== undefined) facts.push(`${error.side} got ${error.name}`)
  for (const side of ['client', 'server'] as const) {
    const moved = Object.entries(kernel.counters[side] ?? {}).filter(
      ([name, by]) => by > 0 && TELLING.has(name),
    )
    if (moved.length > 0)
      facts.push(`${side}'s namespace: ${moved.map(([name, by]) => `${name} +${by}`).join(', ')}`)
  }
  for (const side of ['client', 'server'] as const)
    if (facts.length === 0 && kernel.states[side] !== undefined)
      facts.push(`the ${side}'s socket is ${kernel.states[side]}`)
  return facts
}

const SEGMENTS: Readonly<Record<KernelDrop['segment'], string>> = {
  syn: 'SYN',
  syn_ack: 'SYN+ACK',
  ack: 'ACK',
  data: 'data',
  fin: 'FIN',
  rst: 'RST',
  icmp: 'ICMP error',
  datagram: 'datagram',
}

export function segmentName({ segment }: KernelDrop): string {
  return SEGMENTS[segment]
}

function dropText(drop: KernelDrop): string {
  const where = drop.location === null ? '' : ` in ${drop.location}`
  const end = drop.at === undefined ? '' : ` on the ${drop.at}'s host`
  const count = drop.count === 1 ? '' : `, ${drop.count} times`
  return `${drop.sender}'s ${SEGMENTS[drop.segment]} dropped${end}: ${drop.reason}${where}${count}`
}

/** One of each kind, and many; in the order in which they are told. */
const KINDS: readonly (readonly [kind: KernelKind, one: string, many: string])[] = [
  ['drop', 'drop', 'drops'],
  ['reset', 'reset', 'resets'],
  ['error', 'error', 'errors'],
  ['retransmit', 'retransmission', 'retransmissions'],
  ['call', 'failed call', 'failed calls'],
  ['state', 'change of state', 'changes of state'],
]

/** What to say when the plane told nothing, and what it did tell of that time is not whole. */
export const RECORDS_LOST = 'its records were lost'

/** What to say when the plane was watched and told nothing: only of the kinds that were watched. */
export function kernelSilence({ kernel }: Evidence): string {
  const { unwatched = [], untold = {} } = kernel.watched ? kernel : {}
  const blind: readonly KernelKind[] = Object.keys(untold).length > 0 ? [...unwatched, 'reset'] : unwatched
  const seen = KINDS.filter(([kind]) => !blind.includes(kind)).map(([, one]) => one)
  const unseen = KINDS.filter(([kind]) => blind.includes(kind)).map(([, , many]) => many)
  const nothing = `no ${seen.join(', ')} of this connection`
  return unseen.length === 0 ? nothing : `${nothing}; not watched here: ${unseen.join(', ')}`
}
