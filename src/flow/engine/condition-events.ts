import { ACK, FIN, SYN } from '../../wire/tcp-bits.ts'
import * as found from '../anomalies.ts'
import * as kind from '../event-numbers.ts'
import { say, sayBytes, sayCount, sayDuration, sayFixed } from './say.ts'
import { diff, segment } from './segment.ts'
import { saySynAgain } from './syn-again.ts'
import { begin, end } from './tell.ts'
import { scaledWindow } from './window.ts'

const SYN_ACK = SYN | ACK

/** The anomalies in the order of their events' numbers. */
const ANOMALIES = memory.data<i32>([
  found.ANOMALY_LOST_SEGMENT,
  found.ANOMALY_ACKED_UNSEEN,
  found.ANOMALY_RETRANSMISSION,
  found.ANOMALY_FAST_RETRANSMISSION,
  found.ANOMALY_SPURIOUS_RETRANSMISSION,
  found.ANOMALY_OUT_OF_ORDER,
  found.ANOMALY_ZERO_WINDOW,
  found.ANOMALY_ZERO_WINDOW_PROBE,
  found.ANOMALY_ZERO_WINDOW_PROBE_ACK,
  found.ANOMALY_WINDOW_UPDATE,
  found.ANOMALY_WINDOW_FULL,
  found.ANOMALY_KEEP_ALIVE,
  found.ANOMALY_KEEP_ALIVE_ACK,
  found.ANOMALY_DUP_ACK,
])

/** One event for each anomaly of the segment. */
export function conditionEvents(next: u32, time: f64): void {
  const anomalies = segment.anomalies
  for (let event: i32 = kind.EVENT_LOST_SEGMENT; event <= kind.EVENT_DUP_ACK; event++) {
    if ((anomalies & load<i32>(ANOMALIES + (event << 2))) == 0) continue
    begin(event)
    sayCondition(event, next, time)
    end()
  }
}

export function portReusedEvent(): void {
  begin(kind.EVENT_PORT_REUSED)
  if (segment.flags & ACK) say('answers for another connection between the same addresses and ports')
  else say('same addresses and ports, other sequence number: a new connection')
  end()
}

function sayCondition(event: i32, next: u32, time: f64): void {
  switch (event) {
    case kind.EVENT_LOST_SEGMENT:
      sayBytes(diff(segment.sequence, next))
      say(' before this were not captured, or come later')
      return
    case kind.EVENT_ACKED_UNSEEN:
      say('acknowledges bytes that were not captured')
      return
    case kind.EVENT_RETRANSMISSION:
      sayRetransmission(segment.time - time)
      return
    case kind.EVENT_FAST_RETRANSMISSION:
      sayBytes(segment.length)
      say(' again after ')
      sayCount(segment.receiver.dupAcks)
      say(' duplicate ACKs, without waiting for a timeout')
      return
    case kind.EVENT_SPURIOUS_RETRANSMISSION:
      sayBytes(segment.length)
      say(' again that were acknowledged already')
      return
    case kind.EVENT_OUT_OF_ORDER:
      sayBytes(segment.length)
      say(' that were overtaken on the way')
      return
    case kind.EVENT_ZERO_WINDOW:
      say('receive buffer full: the application does not call recv(), the peer has to stop')
      return
    case kind.EVENT_ZERO_WINDOW_PROBE:
      say('1 byte to ask whether the window is still closed')
      return
    case kind.EVENT_ZERO_WINDOW_PROBE_ACK:
      say('the window is still closed')
      return
    case kind.EVENT_WINDOW_UPDATE:
      say('recv() made room: window ')
      sayCount(scaledWindow(segment.sender))
      say(' bytes')
      return
    case kind.EVENT_WINDOW_FULL:
      say('fills the window of ')
      sayCount(scaledWindow(segment.receiver))
      say(' bytes: send() will wait')
      return
    case kind.EVENT_KEEP_ALIVE:
      // Linux probes a closed window in the same form (tcp_xmit_probe_skb).
      if (segment.receiver.window == 0) say('asks whether the window is still closed')
      else say('keep-alive: asks whether the peer is still there')
      return
    case kind.EVENT_KEEP_ALIVE_ACK:
      say('answers the keep-alive: still there')
      return
    case kind.EVENT_DUP_ACK:
      say('the same ACK again, no. ')
      sayCount(segment.sender.dupAcks)
      say(': something is missing on its way, or came twice')
  }
}

/** `after` is the time since its sender's last segment, nanoseconds. */
function sayRetransmission(after: f64): void {
  const flags = segment.flags
  const sender = segment.sender
  if ((flags & SYN_ACK) == SYN_ACK) saySynAckAgain(sender.synAckCount - 1, after)
  else if (flags & SYN) saySynAgain(sender.synCount - 1, segment.time - segment.flow.start)
  else {
    const isFin = (flags & FIN) != 0 && segment.length == 0
    if (isFin) say('FIN')
    else sayBytes(segment.length)
    say(' again, ')
    sayDuration(after)
    say(' after its last segment: ')
    say(isFin ? 'it has not been acknowledged' : 'they have not been acknowledged')
  }
}

function saySynAckAgain(n: i32, after: f64): void {
  if (n == 0) {
    say('SYN+ACK with a number that its sender used before')
    return
  }
  say('SYN+ACK again, no. ')
  sayCount(n)
  say(', +')
  sayFixed(after / 1e9, 1)
  say(' s: the third ACK has not arrived, or the accept queue is full')
}
