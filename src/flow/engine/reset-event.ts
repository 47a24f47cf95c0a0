import { EVENT_RESET } from '../event-numbers.ts'
import {
  CLOSE_WAIT,
  FIN_WAIT1,
  FIN_WAIT2,
  LAST_ACK,
  SYN_RECV,
  SYN_SENT,
  TIME_WAIT,
} from '../state-numbers.ts'
import { RESET_CLEARS_OLD, RESET_EFFECTIVE, RESET_LATE, RESET_PENDING } from '../steps.ts'
import { isClient, move } from './event.ts'
import { say, sayDuration, saySide } from './say.ts'
import { segment } from './segment.ts'
import { begin, end } from './tell.ts'

/** The event of a reset. What it does to the receiver is its transition. */
export function resetEvent(): void {
  if (segment.receiverFrom != segment.receiverTo)
    move(segment.receiver, segment.receiverFrom, segment.receiverTo)
  begin(EVENT_RESET)
  const fromClient = isClient(segment.sender)
  const effect = segment.resetEffect
  if (effect == RESET_LATE) say('RST to a connection that is over already: no effect')
  else if (effect == RESET_CLEARS_OLD) {
    say('clears an old connection that the ')
    saySide(!fromClient)
    say(' still holds; the SYN comes again')
  } else if (effect == RESET_PENDING) {
    say('RST inside the window but not at the next byte: a challenge ACK is due, the ')
    saySide(!fromClient)
    say(' stays connected')
  } else if (effect == RESET_EFFECTIVE) sayEffect(fromClient)
  else if (segment.receiverFrom == SYN_SENT) say('RST that does not acknowledge the SYN: ignored')
  else say('RST outside the window: ignored')
  end()
}

/** What the end of its connection means to the receiver. */
function sayEffect(fromClient: bool): void {
  switch (segment.receiverFrom) {
    case SYN_SENT:
      say('connect() fails with ECONNREFUSED: the SYN is answered by RST after ')
      sayDuration(segment.time - segment.flow.synTime)
      return
    case TIME_WAIT:
      say('RST ends TIME_WAIT early')
      return
  }
  saySide(fromClient)
  switch (segment.receiverFrom) {
    case SYN_RECV:
      say(' gives up the handshake: the connection leaves the SYN queue, accept() never sees it')
      return
    case LAST_ACK:
      say(' resets instead of acknowledging the FIN: nothing is lost that the ')
      saySide(!fromClient)
      say(' would notice')
      return
    case FIN_WAIT1:
    case FIN_WAIT2:
      say(' resets instead of closing: the ')
      saySide(!fromClient)
      say(' had called close() already')
      return
    case CLOSE_WAIT:
      say(' resets after its FIN: send() on the ')
      saySide(!fromClient)
      say(' fails with EPIPE')
      return
    default:
      say(' resets the connection: recv() on the ')
      saySide(!fromClient)
      say(' fails with ECONNRESET')
  }
}
