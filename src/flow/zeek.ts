import { diff } from '../wire/seq.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import type { SideColumns } from './columns.ts'
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
import type { FlowTable } from './table.ts'
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

/** Bits of `SideColumns.letters`: written once. */
const WROTE_SYN = 1 << 0
const WROTE_FIN = 1 << 1
const WROTE_RST = 1 << 2
const WROTE_FIN_RST = 1 << 3
const WROTE_DATA = 1 << 4
const WROTE_ACK = 1 << 5
const WROTE_SYN_FIN_OR_RST = 1 << 6

/** A SYN or RST further off than this does not count as sent data, nor an ACK of 0 as an acknowledgement. */
const LARGE_JUMP = 1 << 20

/** What all stages of a tracker share. */
export interface ZeekContext {
  readonly table: FlowTable
  readonly trouble: TroublePool
  readonly histories: Histories
  /** The side's own trouble row, made when it has none. */
  troubleOf(side: number): number
}

/** Follows a segment as Zeek's connection log does. `isClient` says who sent it. */
export function observeZeek(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { sides } = context.table
  const { sender, receiver, flags, sequence, length } = segment
  const control = (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
  const end = (sequence + control + (flags & RST ? 0 : length)) >>> 0
  if (sides.zeekState[sender] === INACTIVE) {
    // Without a SYN the numbers start as if one had been sent just before.
    sides.acked[sender] = flags & SYN ? sequence : sequence - 1
    sides.zeekLast[sender] = flags & SYN ? end : sequence
    sides.lastWraps[sender] = sides.ackedWraps[sender] = 0
  }
  writeLetters(context, segment, isClient)
  if (
    segment.window === 0 &&
    (flags & RST) === 0 &&
    sides.zeekState[receiver] !== CLOSED &&
    sides.zeekState[sender] !== RESET
  )
    writeCounted(context, segment, CLOSED_WINDOWS, LETTER_ZERO_WINDOW, isClient)
  if (flags & ACK) takeAcknowledgement(sides, segment)
  if (takeSequence(sides, segment, end)) writeCounted(context, segment, REPEATED, LETTER_REPEATED, isClient)
  step(sides, segment, isClient)
}

/** Writes that bytes of the receiver were acknowledged and never seen, where Zeek would trust that. */
export function writeGap(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { sides } = context.table
  const { sender, receiver } = segment
  if (!isSound(sides, sender) || !isSound(sides, receiver)) return
  const count = context.trouble.count(context.troubleOf(receiver), GAPS)
  if (isTimeToWrite(count)) context.histories.add(context.table, segment.row, LETTER_GAP, isClient)
}

function isSound(sides: SideColumns, side: number): boolean {
  const state = sides.zeekState[side]
  return state === ESTABLISHED || (state === CLOSED && sides.zeekBefore[side] === ESTABLISHED)
}

function writeCounted(
  context: ZeekContext,
  segment: Segment,
  counter: number,
  letter: number,
  isClient: boolean,
): void {
  const count = context.trouble.count(context.troubleOf(segment.sender), counter)
  if (isTimeToWrite(count)) context.histories.add(context.table, segment.row, letter, !isClient)
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
  const { letters } = context.table.sides
  if (letters[segment.sender]! & bit) return true
  letters[segment.sender]! |= bit
  context.histories.add(context.table, segment.row, letter, !isClient)
  return false
}

/** SYN, FIN and RST are written again when their number differs from the one before. */
function writeSyn(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const letter = segment.flags & ACK ? LETTER_SYN_ACK : LETTER_SYN
  if (!writeOnce(context, segment, WROTE_SYN, letter, isClient)) return
  const { initial } = context.table.sides
  if (segment.sequence !== initial[segment.sender])
    context.histories.add(context.table, segment.row, letter, !isClient)
}

function writeFin(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const written = writeOnce(context, segment, WROTE_FIN, LETTER_FIN, isClient)
  const { finSequence } = context.table.sides
  const sequence = (segment.sequence + segment.length) >>> 0
  if (written && finSequence[segment.sender] !== sequence)
    context.histories.add(context.table, segment.row, LETTER_FIN, !isClient)
  finSequence[segment.sender] = sequence
}

function writeRst(context: ZeekContext, segment: Segment, isClient: boolean): void {
  const { trouble, table } = context
  const written = writeOnce(context, segment, WROTE_RST, LETTER_RST, isClient)
  const row = context.troubleOf(segment.sender)
  if (written && trouble.get(row, RESET_SEQUENCE) !== segment.sequence)
    context.histories.add(table, segment.row, LETTER_RST, !isClient)
  trouble.set(row, RESET_SEQUENCE, segment.sequence)
}

function takeAcknowledgement(sides: SideColumns, segment: Segment): void {
  const { receiver, acknowledgement } = segment
  if (sides.zeekState[receiver] === INACTIVE) {
    sides.acked[receiver] = acknowledgement - 1
    sides.zeekLast[receiver] = acknowledgement - 1
    return
  }
  if (segment.flags & RST) return
  const before = sides.acked[receiver]!
  const advance = diff(acknowledgement, before)
  if (advance <= 0 || (acknowledgement === 0 && advance > LARGE_JUMP)) return
  // Not Zeek's: an ACK of an older connection must not lengthen the stream.
  if (sides.zeekState[receiver] === SYN_SENT && diff(acknowledgement, sides.zeekLast[receiver]!) > 0) return
  if (acknowledgement < before) sides.ackedWraps[receiver]!++
  sides.acked[receiver] = acknowledgement
}

/** Moves the highest number sent; true when the segment repeats data. */
function takeSequence(sides: SideColumns, segment: Segment, end: number): boolean {
  const { sender, flags } = segment
  const last = sides.zeekLast[sender]!
  const advance = diff(end, last)
  if (flags & (SYN | RST) && Math.abs(advance) > LARGE_JUMP) return false
  // Not Zeek's: nor must a reset that has no effect.
  if (flags & RST && segment.resetEffect !== RESET_EFFECTIVE) return false
  // A FIN right after the SYN is believed even when more than 2^31 bytes lie between.
  const onlySyn = flags & FIN && last === (sides.initial[sender]! + 1) >>> 0
  if (!onlySyn && sides.zeekState[sender] === RESET) return false
  if (onlySyn || advance > 0) {
    if (end < last) sides.lastWraps[sender]!++
    sides.zeekLast[sender] = end
    return false
  }
  return segment.length > 0
}

function step(sides: SideColumns, segment: Segment, isClient: boolean): void {
  const { sender, receiver, flags } = segment
  const state = sides.zeekState[sender]!
  const peer = sides.zeekState[receiver]!
  if (state === INACTIVE) stepInactive(sides, segment, isClient)
  else if (state === SYN_SENT || state === SYN_ACK_SENT) {
    if (flags & FIN) enter(sides, sender, CLOSED)
    if (flags & RST) enter(sides, sender, RESET)
  } else if (state === ESTABLISHED || state === PARTIAL) {
    if ((flags & (SYN | ACK)) === SYN && state === PARTIAL && peer === INACTIVE)
      enter(sides, sender, SYN_SENT)
    if ((flags & (FIN | RST)) === FIN) {
      enter(sides, sender, CLOSED)
      // A FIN and then a RST of the peer was a normal end after all.
      if (peer === RESET && sides.zeekBefore[receiver] === CLOSED) enter(sides, receiver, CLOSED)
    }
    if (flags & RST) enter(sides, sender, RESET)
  } else if (state === CLOSED && flags & RST && peer !== CLOSED) enter(sides, sender, RESET)
}

function stepInactive(sides: SideColumns, segment: Segment, isClient: boolean): void {
  const { sender, receiver, flags } = segment
  if (flags & SYN) {
    if (isClient) enter(sides, sender, flags & ACK ? SYN_ACK_SENT : SYN_SENT)
    else {
      if (sides.zeekState[receiver] === SYN_SENT) enter(sides, receiver, ESTABLISHED)
      enter(sides, sender, ESTABLISHED)
    }
  }
  if (flags & FIN) enter(sides, sender, CLOSED)
  if (flags & RST) enter(sides, sender, RESET)
  if (sides.zeekState[sender] !== INACTIVE) return
  const peer = sides.zeekState[receiver]
  // Some answer a SYN with a bare ACK before their own SYN: that is not yet traffic without a SYN.
  if (!isClient && segment.length === 0 && peer === SYN_SENT) return
  enter(sides, sender, flags & ACK && peer === ESTABLISHED ? ESTABLISHED : PARTIAL)
}

function enter(sides: SideColumns, side: number, state: number): void {
  if (sides.zeekState[side] === state) return
  sides.zeekBefore[side] = sides.zeekState[side]!
  sides.zeekState[side] = state
}

/** Length of the stream that a side sent, in bytes: from sequence numbers, so missed bytes count. */
export function streamLength(sides: SideColumns, side: number): number {
  if ((sides.marks[side]! & SIDE_INITIAL_KNOWN) === 0) return 0
  const initial = sides.initial[side]!
  const peer = side ^ 1
  // An attempt that was given up with a reset cannot have sent anything.
  const aborted =
    sides.zeekBefore[side] === SYN_SENT &&
    sides.zeekState[side] === RESET &&
    sides.zeekState[peer] === INACTIVE
  const acked = sides.acked[side]! + sides.ackedWraps[side]! * 2 ** 32
  if (aborted && acked !== initial && acked !== initial + 1) return 0
  const last = sides.zeekLast[side]! + sides.lastWraps[side]! * 2 ** 32
  let size = Math.max(last, acked) - initial
  if (size > 0) size-- // the SYN's number
  if (size > 0 && sides.marks[side]! & SIDE_FIN) size-- // the FIN's
  return Math.max(size, 0)
}

/** Zeek's conn_state of a TCP flow; the tests stand in the order in which Zeek makes them. */
export function connState(sides: SideColumns, client: number, server: number, history: string): ConnState {
  const o = sides.zeekState[client]!
  const r = sides.zeekState[server]!
  const clientInactive = o === INACTIVE || o === PARTIAL
  const serverInactive = r === INACTIVE || r === PARTIAL
  if (r === RESET) {
    const empty = streamLength(sides, client) === 0 && streamLength(sides, server) === 0
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
