import { ACK, FIN, RST, SYN } from '../../wire/tcp-bits.ts'
import {
  LETTER_ACK,
  LETTER_DATA,
  LETTER_FIN,
  LETTER_FIN_RST,
  LETTER_GAP,
  LETTER_PARTIAL,
  LETTER_REPEATED,
  LETTER_RST,
  LETTER_SYN,
  LETTER_SYN_ACK,
  LETTER_SYN_FIN_OR_RST,
  LETTER_ZERO_WINDOW,
} from '../letters.ts'
import { RESET_EFFECTIVE } from '../steps.ts'
import { CLOSED_WINDOWS, GAPS, REPEATED, RESET_SEQUENCE } from '../trouble-words.ts'
import {
  WROTE_ACK,
  WROTE_DATA,
  WROTE_FIN,
  WROTE_FIN_RST,
  WROTE_PARTIAL,
  WROTE_RST,
  WROTE_SYN,
  WROTE_SYN_FIN_OR_RST,
  ZEEK_CLOSED,
  ZEEK_ESTABLISHED,
  ZEEK_INACTIVE,
  ZEEK_PARTIAL,
  ZEEK_RESET,
  ZEEK_SYN_ACK_SENT,
  ZEEK_SYN_SENT,
} from '../zeek-states.ts'
import { addLetter, isTimeToWrite } from './history.ts'
import type { Flow, Side } from './row.ts'
import { diff, segment } from './segment.ts'
import { count, get, set, troubleOf } from './trouble.ts'

/** A SYN or RST further off than this does not count as sent data, nor an ACK of 0 as an acknowledgement. */
const LARGE_JUMP = 1 << 20

/** Follows a segment as Zeek's connection log does. `isClient` says who sent it. */
export function observeZeek(isClient: bool): void {
  const sender = segment.sender
  const flags = segment.flags
  const sequence = segment.sequence
  const control = (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
  const end = sequence + control + (flags & RST ? 0 : segment.length)
  if (sender.zeekState == ZEEK_INACTIVE) {
    // Without a SYN the numbers start as if one had been sent just before.
    sender.acked = flags & SYN ? sequence : sequence - 1
    sender.zeekLast = flags & SYN ? end : sequence
    sender.lastWraps = 0
    sender.ackedWraps = 0
  }
  writeLetters(isClient)
  if (
    segment.window == 0 &&
    (flags & RST) == 0 &&
    segment.receiver.zeekState != ZEEK_CLOSED &&
    sender.zeekState != ZEEK_RESET
  )
    writeCounted(CLOSED_WINDOWS, LETTER_ZERO_WINDOW, isClient)
  if (flags & ACK) takeAcknowledgement()
  if (takeSequence(end)) writeCounted(REPEATED, LETTER_REPEATED, isClient)
  step(isClient)
}

/** Writes that bytes of the receiver were acknowledged and never seen, where Zeek would trust that. */
export function writeGap(isClient: bool): void {
  if (!isSound(segment.sender) || !isSound(segment.receiver)) return
  const gaps = count(troubleOf(segment.receiver), GAPS)
  if (isTimeToWrite(gaps)) addLetter(segment.flow, LETTER_GAP, isClient)
}

function isSound(side: Side): bool {
  const state = side.zeekState
  return state == ZEEK_ESTABLISHED || (state == ZEEK_CLOSED && side.zeekBefore == ZEEK_ESTABLISHED)
}

/** Whether a segment without SYN, FIN and RST moves no endpoint state. */
export function isOpenForZeek(side: Side): bool {
  const state = side.zeekState
  return state == ZEEK_ESTABLISHED || state == ZEEK_PARTIAL
}

/** Writes the letter of a side's first segment with data, or without, that is neither SYN, FIN nor RST. */
export function writeFirst(flow: Flow, direction: i32, sender: Side, length: i32): void {
  sender.letters |= length > 0 ? WROTE_DATA : WROTE_ACK
  addLetter(flow, length > 0 ? LETTER_DATA : LETTER_ACK, flow.client != direction)
}

function writeCounted(counter: i32, letter: i32, isClient: bool): void {
  const times = count(troubleOf(segment.sender), counter)
  if (isTimeToWrite(times)) addLetter(segment.flow, letter, !isClient)
}

function writeLetters(isClient: bool): void {
  const flags = segment.flags
  const control = flags & (SYN | FIN | RST)
  if (control == 0) {
    if (segment.length > 0) writeData(isClient)
    else if (flags & ACK) writeOnce(WROTE_ACK, LETTER_ACK, isClient)
  } else if (control == SYN) writeSyn(isClient)
  else if (control == FIN) writeFin(isClient)
  else if (control == RST) writeRst(isClient)
  else if ((control & (FIN | RST)) == (FIN | RST)) writeOnce(WROTE_FIN_RST, LETTER_FIN_RST, isClient)
  else writeOnce(WROTE_SYN_FIN_OR_RST, LETTER_SYN_FIN_OR_RST, isClient)
}

/** Zeek says that it gave up on a client's content only where it understood some: here, where there was any, before. */
function writeData(isClient: bool): void {
  const isLater = writeOnce(WROTE_DATA, LETTER_DATA, isClient)
  if (isLater && segment.partial != 0 && isClient) writeOnce(WROTE_PARTIAL, LETTER_PARTIAL, isClient)
}

/** True when the letter was there before. */
function writeOnce(bit: i32, letter: i32, isClient: bool): bool {
  const sender = segment.sender
  if (sender.letters & bit) return true
  sender.letters |= bit
  addLetter(segment.flow, letter, !isClient)
  return false
}

/** SYN, FIN and RST are written again when their number differs from the one before. */
function writeSyn(isClient: bool): void {
  const letter = segment.flags & ACK ? LETTER_SYN_ACK : LETTER_SYN
  if (!writeOnce(WROTE_SYN, letter, isClient)) return
  if (segment.sequence != segment.sender.initial) addLetter(segment.flow, letter, !isClient)
}

function writeFin(isClient: bool): void {
  const sender = segment.sender
  const written = writeOnce(WROTE_FIN, LETTER_FIN, isClient)
  const sequence = segment.sequence + segment.length
  if (written && sender.finSequence != sequence) addLetter(segment.flow, LETTER_FIN, !isClient)
  sender.finSequence = sequence
}

function writeRst(isClient: bool): void {
  const written = writeOnce(WROTE_RST, LETTER_RST, isClient)
  const row = troubleOf(segment.sender)
  if (written && get(row, RESET_SEQUENCE) != segment.sequence) addLetter(segment.flow, LETTER_RST, !isClient)
  set(row, RESET_SEQUENCE, segment.sequence)
}

function takeAcknowledgement(): void {
  const receiver = segment.receiver
  const acknowledgement = segment.acknowledgement
  if (receiver.zeekState == ZEEK_INACTIVE) {
    receiver.acked = acknowledgement - 1
    receiver.zeekLast = acknowledgement - 1
    return
  }
  if (segment.flags & RST) return
  const before = receiver.acked
  const advance = diff(acknowledgement, before)
  if (advance <= 0 || (acknowledgement == 0 && advance > LARGE_JUMP)) return
  // Not Zeek's: an ACK of an older connection must not lengthen the stream.
  if (receiver.zeekState == ZEEK_SYN_SENT && diff(acknowledgement, receiver.zeekLast) > 0) return
  if (acknowledgement < before) receiver.ackedWraps += 1
  receiver.acked = acknowledgement
}

/** Moves the highest number sent; true when the segment repeats data. */
function takeSequence(end: u32): bool {
  const sender = segment.sender
  const flags = segment.flags
  const last = sender.zeekLast
  const advance = diff(end, last)
  if ((flags & (SYN | RST)) != 0 && (advance > LARGE_JUMP || advance < -LARGE_JUMP)) return false
  // Not Zeek's: nor must a reset that has no effect.
  if ((flags & RST) != 0 && segment.resetEffect != RESET_EFFECTIVE) return false
  // A FIN right after the SYN is believed even when more than 2^31 bytes lie between.
  const onlySyn = (flags & FIN) != 0 && last == sender.initial + 1
  if (!onlySyn && sender.zeekState == ZEEK_RESET) return false
  if (onlySyn || advance > 0) {
    if (end < last) sender.lastWraps += 1
    sender.zeekLast = end
    return false
  }
  return segment.length > 0
}

function step(isClient: bool): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const flags = segment.flags
  const state = sender.zeekState
  const peer = receiver.zeekState
  if (state == ZEEK_INACTIVE) stepInactive(isClient)
  else if (state == ZEEK_SYN_SENT || state == ZEEK_SYN_ACK_SENT) {
    if (flags & FIN) enter(sender, ZEEK_CLOSED)
    if (flags & RST) enter(sender, ZEEK_RESET)
  } else if (state == ZEEK_ESTABLISHED || state == ZEEK_PARTIAL) {
    if ((flags & (SYN | ACK)) == SYN && state == ZEEK_PARTIAL && peer == ZEEK_INACTIVE)
      enter(sender, ZEEK_SYN_SENT)
    if ((flags & (FIN | RST)) == FIN) {
      enter(sender, ZEEK_CLOSED)
      // A FIN and then a RST of the peer was a normal end after all.
      if (peer == ZEEK_RESET && receiver.zeekBefore == ZEEK_CLOSED) enter(receiver, ZEEK_CLOSED)
    }
    if (flags & RST) enter(sender, ZEEK_RESET)
  } else if (state == ZEEK_CLOSED && (flags & RST) != 0 && peer != ZEEK_CLOSED) enter(sender, ZEEK_RESET)
}

function stepInactive(isClient: bool): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const flags = segment.flags
  if (flags & SYN) {
    if (isClient) enter(sender, flags & ACK ? ZEEK_SYN_ACK_SENT : ZEEK_SYN_SENT)
    else {
      if (receiver.zeekState == ZEEK_SYN_SENT) enter(receiver, ZEEK_ESTABLISHED)
      enter(sender, ZEEK_ESTABLISHED)
    }
  }
  if (flags & FIN) enter(sender, ZEEK_CLOSED)
  if (flags & RST) enter(sender, ZEEK_RESET)
  if (sender.zeekState != ZEEK_INACTIVE) return
  const peer = receiver.zeekState
  // Some answer a SYN with a bare ACK before their own SYN: that is not yet traffic without a SYN.
  if (!isClient && segment.length == 0 && peer == ZEEK_SYN_SENT) return
  enter(sender, (flags & ACK) != 0 && peer == ZEEK_ESTABLISHED ? ZEEK_ESTABLISHED : ZEEK_PARTIAL)
}

function enter(side: Side, state: i32): void {
  if (side.zeekState == state) return
  side.zeekBefore = side.zeekState
  side.zeekState = state
}
