import { NANOS_PER_MS } from '../flow/time.ts'
import type { WireEvidence, WireReset } from './evidence.ts'
import { IDLE_SECONDS } from './thresholds.ts'
import { duration, times, timesText } from './words.ts'

/** What the packets showed, in the order in which they came. */
export function wireFacts(wire: WireEvidence): readonly string[] {
  const facts: string[] = []
  const add = (when: boolean, fact: () => string) => {
    if (when) facts.push(fact())
  }
  const { reset, icmp, stuck, zeroWindow } = wire
  const answered = reset?.after === 'syn' && reset.by === 'server'
  add(answered, () =>
    wire.syns === 0
      ? `${flagNames(reset!)} from the server, to a SYN that was not seen`
      : `SYN answered by ${flagNames(reset!)} after ${duration(reset!.afterMs)}${ignored(reset!)}`,
  )
  add(!answered && wire.syns > 0 && wire.established === undefined, () => handshakeText(wire))
  add(wire.staleAck, () => 'the SYN was answered by an ACK of another connection')
  add(wire.synAckRefused, () => 'the client answered the SYN+ACK by RST')
  add(wire.established !== undefined, () => 'three-way handshake complete')
  add(
    wire.synAcksAfterEstablished > 0,
    () => `SYN+ACK again ${timesText(wire.synAcksAfterEstablished)} after it`,
  )
  add(wire.midstream, () => 'first seen in the middle of its life')
  add(wire.bytes.client + wire.bytes.server > 0, () => {
    return `${wire.bytes.client} bytes from the client, ${wire.bytes.server} from the server`
  })
  for (const side of ['client', 'server'] as const)
    add(
      wire.fin[side] !== undefined,
      () => `FIN from the ${side}${wire.finAcked[side] ? ', acknowledged' : ''}`,
    )
  add(stuck !== undefined, () => {
    const larger = stuck!.sackedBehind ? ', bytes behind them arrived' : ''
    return `${stuck!.length} bytes from the ${stuck!.sender} sent again ${timesText(stuck!.times)}${larger}`
  })
  add(zeroWindow !== undefined, () => `window of the ${zeroWindow!.receiver} is 0`)
  add(icmp !== undefined, () => `ICMP ${icmp!.name} (${icmp!.type}/${icmp!.code}) from ${icmp!.from}`)
  add(reset !== undefined && !answered, () => resetText(reset!))
  add(
    (wire.idleBeforeMs ?? 0) >= IDLE_SECONDS * 1000,
    () => `${duration(wire.idleBeforeMs!)} of silence before it`,
  )
  add((wire.lost ?? 0) > 0, () => `the capture lost ${times(wire.lost!, 'packet')} in that time`)
  return facts
}

function handshakeText({ syns, firstSyn, lastSyn, synAcks }: WireEvidence): string {
  const over =
    syns > 1 && firstSyn !== undefined && lastSyn !== undefined
      ? ` in ${duration((lastSyn - firstSyn) / NANOS_PER_MS)}`
      : ''
  const sent = `${times(syns, 'SYN')}${over}`
  return synAcks === 0 ? `${sent}, no SYN+ACK` : `${sent}, ${times(synAcks, 'SYN+ACK')}, no third ACK`
}

function resetText(reset: WireReset): string {
  const { by, after, afterMs, ttl, usualTtl } = reset
  const follows = {
    syn: 'the SYN',
    syn_ack: 'the SYN+ACK',
    third_ack: 'the third ACK',
    data: 'data',
    fin: 'a FIN',
  }
  const other = ttl !== undefined && usualTtl !== undefined && ttl !== usualTtl
  const oddity = other ? `, TTL ${ttl} where that end usually has ${usualTtl}` : ''
  const went = reset.senderWentOn ? ', and that end went on sending' : ''
  return `${flagNames(reset)} from the ${by} ${duration(afterMs)} after ${follows[after]}${oddity}${went}${ignored(reset)}`
}

function ignored({ effect }: WireReset): string {
  return effect === 'ignored' || effect === 'late' ? ', without effect' : ''
}

/** `R.` as `RST,ACK`. */
function flagNames({ flags }: WireReset): string {
  return flags.includes('.') ? 'RST,ACK' : 'RST'
}
