import { diff } from '../wire/seq.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import {
  type Histories,
  isTimeToWrite,
  LETTER_ACK,
  LETTER_DATA,
  LETTER_FIN,
  LETTER_FIN_RST,
  LETTER_GAP,
  LETTER_REPEATED,
  LETTER_RST,
  LETTER_SYN,
  LETTER_SYN_ACK,
  LETTER_SYN_FIN_OR_RST,
  LETTER_ZERO_WINDOW,
} from './history.ts'
import { SIDE_FIN, SIDE_INITIAL_KNOWN } from './marks.ts'
import { RESET_EFFECTIVE } from './observer.ts'
import type { ConnState } from './record.ts'
import type { Segment } from './segment.ts'
import type { SideView } from './side-view.ts'
import { CLOSED_WINDOWS, GAPS, REPEATED, RESET_SEQUENCE, type TroublePool } from './trouble.ts'

// Zeek's endpoint states: what one side has done, without regard to whether it was allowed to.
const INACTIVE = 0
const SYN_SENT = 1
const SYN_ACK_SENT = 2
/** Traffic without a SYN. */
const PARTIAL = 3
const ESTABLISHED = 4
/** It sent a FIN. */
const CLOSED = 5
const RESET = 6

/** Bits of `SideView.letters`: written once. */
const WROTE_SYN = 1 << 0
const WROTE_FIN = 1 << 1
const WROTE_RST = 1 << 2
const WROTE_FIN_RST = 1 << 3
export const WROTE_DATA = 1 << 4
export const WROTE_ACK = 1 << 5
const WROTE_SYN_FIN_OR_RST = 1 << 6

/** A SYN or RST further off than this does not count as sent data, nor an ACK of 0 as an acknowledgement. */
const LARGE_JUMP = 1 << 20

/** What all stages of a tracker share. */
export interface ZeekContext {
  readonly trouble: TroublePool
  readonly histories: Histories
  /** The side's own trouble row, made when it has none. */
  troubleOf(side: SideView): number
}

/** Follows a segment as Zeek's connection log does. `isClient` says who sent it. */
export function observeZeek(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { sender, receiver, flags, sequence, length } = segment
  const control = (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
  const end = (sequence + control + (flags & RST ? 0 : length)) >>> 0
  if (sender.zeekState === INACTIVE) {
    // Without a SYN the numbers start as if one had been sent just before.
    sender.acked = flags & SYN ? sequence : sequence - 1
    sender.zeekLast = flags & SYN ? end : sequence
    sender.lastWraps = sender.ackedWraps = 0
  }
  writeLetters(context, segment, isClient)
  if (
    segment.window === 0 &&
    (flags & RST) === 0 &&
    receiver.zeekState !== CLOSED &&
    sender.zeekState !== RESET
  )
    writeCounted(context, segment, CLOSED_WINDOWS, LETTER_ZERO_WINDOW, isClient)
  if (flags & ACK) takeAcknowledgement(segment)
  if (takeSequence(segment, end)) writeCounted(context, segment, REPEATED, LETTER_REPEATED, isClient)
  step(segment, isClient)
}

/** Writes that bytes of the receiver were acknowledged and never seen, where Zeek would trust that. */
export function writeGap(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { sender, receiver } = segment
  if (!isSound(sender) || !isSound(receiver)) return
  const count = context.trouble.count(context.troubleOf(receiver), GAPS)
  if (isTimeToWrite(count)) context.histories.add(segment.flow, LETTER_GAP, isClient)
}

function isSound(side: SideView): boolean {
  const state = side.zeekState
  return state === ESTABLISHED || (state === CLOSED && side.zeekBefore === ESTABLISHED)
}

/** Whether a segment without SYN, FIN and RST moves no endpoint state. */
export function isOpenForZeek(side: SideView): boolean {
  return side.zeekState === ESTABLISHED || side.zeekState === PARTIAL
}

/** Writes the letter of a side's first segment with data, or without, that is neither SYN, FIN nor RST. */
export function writeFirst(histories: Histories, sender: SideView, length: number): void {
  const { flow } = sender
  sender.letters |= length > 0 ? WROTE_DATA : WROTE_ACK
  histories.add(flow, length > 0 ? LETTER_DATA : LETTER_ACK, flow.client !== sender.direction)
}

function writeCounted(
  context: ZeekContext,
  segment: Segment,
  counter: number,
  letter: number,
  isClient: boolean,
): void {
  const count = context.trouble.count(context.troubleOf(segment.sender), counter)
  if (isTimeToWrite(count)) context.histories.add(segment.flow, letter, !isClient)
}

function writeLetters(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { flags, length } = segment
  const control = flags & (SYN | FIN | RST)
  if (control === 0) {
    if (length > 0) writeOnce(context, segment, WROTE_DATA, LETTER_DATA, isClient)
    else if (flags & ACK) writeOnce(context, segment, WROTE_ACK, LETTER_ACK, isClient)
  } else if (control === SYN) writeSyn(context, segment, isClient)
  else if (control === FIN) writeFin(context, segment, isClient)
  else if (control === RST) writeRst(context, segment, isClient)
  else if ((control & (FIN | RST)) === (FIN | RST))
    writeOnce(context, segment, WROTE_FIN_RST, LETTER_FIN_RST, isClient)
  else writeOnce(context, segment, WROTE_SYN_FIN_OR_RST, LETTER_SYN_FIN_OR_RST, isClient)
}

/** True when the letter was there before. */
function writeOnce(
  context: ZeekContext,
  segment: Segment,
  bit: number,
  letter: number,
  isClient: boolean,
): boolean {
  const { sender } = segment
  if (sender.letters & bit) return true
  sender.letters |= bit
  context.histories.add(segment.flow, letter, !isClient)
  return false
}

/** SYN, FIN and RST are written again when their number differs from the one before. */
function writeSyn(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const letter = segment.flags & ACK ? LETTER_SYN_ACK : LETTER_SYN
  if (!writeOnce(context, segment, WROTE_SYN, letter, isClient)) return
  if (segment.sequence !== segment.sender.initial) context.histories.add(segment.flow, letter, !isClient)
}

function writeFin(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { sender } = segment
  const written = writeOnce(context, segment, WROTE_FIN, LETTER_FIN, isClient)
  const sequence = (segment.sequence + segment.length) >>> 0
  if (written && sender.finSequence !== sequence) context.histories.add(segment.flow, LETTER_FIN, !isClient)
  sender.finSequence = sequence
}

function writeRst(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { trouble } = context
  const written = writeOnce(context, segment, WROTE_RST, LETTER_RST, isClient)
  const row = context.troubleOf(segment.sender)
  if (written && trouble.get(row, RESET_SEQUENCE) !== segment.sequence)
    context.histories.add(segment.flow, LETTER_RST, !isClient)
  trouble.set(row, RESET_SEQUENCE, segment.sequence)
}

function takeAcknowledgement(segment: Segment): void {
  const { receiver, acknowledgement } = segment
  if (receiver.zeekState === INACTIVE) {
    receiver.acked = acknowledgement - 1
    receiver.zeekLast = acknowledgement - 1
    return
  }
  if (segment.flags & RST) return
  const before = receiver.acked
  const advance = diff(acknowledgement, before)
  if (advance <= 0 || (acknowledgement === 0 && advance > LARGE_JUMP)) return
  // Not Zeek's: an ACK of an older connection must not lengthen the stream.
  if (receiver.zeekState === SYN_SENT && diff(acknowledgement, receiver.zeekLast) > 0) return
  if (acknowledgement < before) receiver.ackedWraps++
  receiver.acked = acknowledgement
}

/** Moves the highest number sent; true when the segment repeats data. */
function takeSequence(segment: Segment, end: number): boolean {
  const { sender, flags } = segment
  const last = sender.zeekLast
  const advance = diff(end, last)
  if (flags & (SYN | RST) && Math.abs(advance) > LARGE_JUMP) return false
  // Not Zeek's: nor must a reset that has no effect.
  if (flags & RST && segment.resetEffect !== RESET_EFFECTIVE) return false
  // A FIN right after the SYN is believed even when more than 2^31 bytes lie between.
  const onlySyn = flags & FIN && last === (sender.initial + 1) >>> 0
  if (!onlySyn && sender.zeekState === RESET) return false
  if (onlySyn || advance > 0) {
    if (end < last) sender.lastWraps++
    sender.zeekLast = end
    return false
  }
  return segment.length > 0
}

function step(segment: Segment, isClient: boolean): void {
  const { sender, receiver, flags } = segment
  const state = sender.zeekState
  const peer = receiver.zeekState
  if (state === INACTIVE) stepInactive(segment, isClient)
  else if (state === SYN_SENT || state === SYN_ACK_SENT) {
    if (flags & FIN) enter(sender, CLOSED)
    if (flags & RST) enter(sender, RESET)
  } else if (state === ESTABLISHED || state === PARTIAL) {
    if ((flags & (SYN | ACK)) === SYN && state === PARTIAL && peer === INACTIVE) enter(sender, SYN_SENT)
    if ((flags & (FIN | RST)) === FIN) {
      enter(sender, CLOSED)
      // A FIN and then a RST of the peer was a normal end after all.
      if (peer === RESET && receiver.zeekBefore === CLOSED) enter(receiver, CLOSED)
    }
    if (flags & RST) enter(sender, RESET)
  } else if (state === CLOSED && flags & RST && peer !== CLOSED) enter(sender, RESET)
}

function stepInactive(segment: Segment, isClient: boolean): void {
  const { sender, receiver, flags } = segment
  if (flags & SYN) {
    if (isClient) enter(sender, flags & ACK ? SYN_ACK_SENT : SYN_SENT)
    else {
      if (receiver.zeekState === SYN_SENT) enter(receiver, ESTABLISHED)
      enter(sender, ESTABLISHED)
    }
  }
  if (flags & FIN) enter(sender, CLOSED)
  if (flags & RST) enter(sender, RESET)
  if (sender.zeekState !== INACTIVE) return
  const peer = receiver.zeekState
  // Some answer a SYN with a bare ACK before their own SYN: that is not yet traffic without a SYN.
  if (!isClient && segment.length === 0 && peer === SYN_SENT) return
  enter(sender, flags & ACK && peer === ESTABLISHED ? ESTABLISHED : PARTIAL)
}

function enter(side: SideView, state: number): void {
  if (side.zeekState === state) return
  side.zeekBefore = side.zeekState
  side.zeekState = state
}

/** Length of the stream that a side sent, in bytes: from sequence numbers, so missed bytes count. */
export function streamLength(side: SideView): number {
  if ((side.marks & SIDE_INITIAL_KNOWN) === 0) return 0
  const initial = side.initial
  // An attempt that was given up with a reset cannot have sent anything.
  const aborted = side.zeekBefore === SYN_SENT && side.zeekState === RESET && side.peer.zeekState === INACTIVE
  const acked = side.acked + side.ackedWraps * 2 ** 32
  if (aborted && acked !== initial && acked !== initial + 1) return 0
  const last = side.zeekLast + side.lastWraps * 2 ** 32
  let size = Math.max(last, acked) - initial
  if (size > 0) size-- // the SYN's number
  if (size > 0 && side.marks & SIDE_FIN) size-- // the FIN's
  return Math.max(size, 0)
}

/** Zeek's conn_state of a TCP flow; the tests stand in the order in which Zeek makes them. */
export function connState(client: SideView, server: SideView, history: string): ConnState {
  const o = client.zeekState
  const r = server.zeekState
  const clientInactive = o === INACTIVE || o === PARTIAL
  const serverInactive = r === INACTIVE || r === PARTIAL
  if (r === RESET) {
    const empty = streamLength(client) === 0 && streamLength(server) === 0
    if (o === SYN_SENT || o === SYN_ACK_SENT || (o === RESET && empty)) return 'REJ'
    return clientInactive ? 'RSTRH' : 'RSTR'
  }
  if (o === RESET) {
    if (serverInactive) return /^\^?S[^HAFGIQ]*R/.test(history) ? 'RSTOS0' : 'OTH'
    return 'RSTO'
  }
  if (o === CLOSED && r === CLOSED) return 'SF'
  if (o === CLOSED) return serverInactive ? 'SH' : 'S2'
  if (r === CLOSED) return clientInactive ? 'SHR' : 'S3'
  if (o === SYN_SENT && r === INACTIVE) return 'S0'
  if (o === ESTABLISHED && r === ESTABLISHED) return 'S1'
  return 'OTH'
}
