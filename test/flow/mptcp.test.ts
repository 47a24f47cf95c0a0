import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlowEvent } from '../../src/flow/event.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { ACK, SYN } from '../../src/wire/tcp-bits.ts'
import { KIND_MPTCP } from '../../src/wire/tcp-option-numbers.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter, type SegmentFields } from '../support/packet-writer.ts'

const CLIENT = { addr: '10.0.0.1', port: 1000 }
const SERVER = { addr: '10.0.0.2', port: 80 }
const CAPABLE = [0x00, 0x81, 1, 1, 1, 1, 1, 1, 1, 1]
const OPERATIONS: Readonly<Record<string, number[]>> = {
  n: [],
  d: [0x20, 0x01, 0, 0, 0, 5],
  a: [0x34, 2, 10, 0, 1, 1],
  r: [0x40, 2],
  p: [0x50],
}

/** The numbers of the duplicate ACKs among ACKs that all repeat the third one; each letter is an operation. */
function duplicates(word: string, capable: number[]): string {
  const numbers: string[] = []
  let events: FlowEvent[] = []
  const tracker = new FlowTracker(FILE_OPTIONS, { event: (event) => events.push(event) })
  const writer = new PacketWriter()
  let packet = 0
  const send = (back: boolean, fields: SegmentFields, data: number[]): void => {
    events = []
    const options = data.length === 0 ? {} : { others: [{ kind: KIND_MPTCP, data }] }
    const ends = back ? ([SERVER, CLIENT] as const) : ([CLIENT, SERVER] as const)
    tracker.packet(
      writer.tcp(...ends, { win: 1000, ...fields, options }),
      (packet * 1e9) as Nanos,
      0,
      ++packet,
    )
  }
  send(false, { seq: 100, flags: SYN }, capable)
  send(true, { seq: 500, ack: 101, flags: SYN | ACK }, capable)
  send(false, { seq: 101, ack: 501, flags: ACK }, capable)
  for (const letter of word) {
    send(false, { seq: 101, ack: 501, flags: ACK }, OPERATIONS[letter]!)
    const found = events.find((event) => event.event === 'dup_ack')
    numbers.push(found === undefined ? '-' : `${found.n}`)
  }
  return numbers.join(' ')
}

// The numbers are those of tshark 4.0.17 for the same segments.
const CASES = [
  ['ddadan', '1 - 2 - 3 4'],
  ['nnaapn', '1 2 3 - 4 -'],
  ['ddarpdd', '1 - 2 - - - 3'],
  ['aaaa', '1 - 2 3'],
  ['drdrdr', '1 - - 2 3 4'],
  ['ndndnn', '1 2 - 3 4 5'],
] as const

for (const [word, numbers] of CASES)
  test(`MPTCP: repeated ACKs with the operations ${word}`, () =>
    assert.equal(duplicates(word, CAPABLE), numbers))

test('the same options on a connection without MPTCP exempt nothing', () =>
  assert.equal(duplicates('ddadan', []), '1 2 3 4 5 6'))
