import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderStateTable } from '../../scripts/tcp-states.ts'
import * as numbers from '../../src/flow/state-numbers.ts'
import { INPUTS, RECEIVER, SENDER, STATES } from '../../src/flow/tcp-state.ts'
import { bareEngine } from '../support/bare-engine.ts'

const { memory, calls } = bareEngine()
const CELLS = STATES.length * INPUTS.length
/** The transitions as the engine has them. */
const afterSending = (state: number, input: number): number =>
  memory.bytes[calls.cellsAt() + state * INPUTS.length + input]!
const afterReceiving = (state: number, input: number): number =>
  memory.bytes[calls.cellsAt() + CELLS + state * INPUTS.length + input]!

/** How far along its life a connection is in each state: no segment but one that starts or resets may lead back. */
const AGE: Record<(typeof STATES)[number], number> = {
  CLOSED: 9,
  LISTEN: 0,
  SYN_SENT: 1,
  SYN_RECV: 2,
  ESTABLISHED: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  CLOSE_WAIT: 5,
  CLOSING: 6,
  LAST_ACK: 6,
  TIME_WAIT: 7,
}

for (const [side, cells, after] of [
  ['sender', SENDER, afterSending],
  ['receiver', RECEIVER, afterReceiving],
] as const) {
  STATES.forEach((state, from) => {
    INPUTS.forEach((input, index) => {
      test(`${side} in ${state}, ${input}`, () => {
        const to = STATES[after(from, index)]!
        assert.equal(to, cells[state][input] ?? state)
        const starts = input === 'SYN' || input === 'RST'
        if (!starts) assert.ok(AGE[to] >= AGE[state], `${state} → ${to} leads back`)
        if (input === 'RST') assert.ok(to === 'CLOSED' || to === 'LISTEN')
        // The same segment again changes nothing more, but for what the ACK of a FIN releases.
        assert.equal(after(after(from, index), index), after(from, index))
      })
    })
  })
}

test('every number is the place of its name', () => {
  const { STATE_COUNT, INPUT_COUNT, ...places } = numbers
  assert.deepEqual([STATE_COUNT, INPUT_COUNT], [STATES.length, INPUTS.length])
  const expected = Object.fromEntries([
    ...STATES.map((name, place) => [name, place]),
    ...INPUTS.map((name, place) => [`INPUT_${name}`, place]),
  ])
  assert.deepEqual({ ...places }, expected)
})

test('walking the handshake and both closes ends where RFC 9293 says', () => {
  const walk = (after: (state: number, input: number) => number, start: string, inputs: string) =>
    STATES[
      inputs
        .split(' ')
        .reduce((state, name) => after(state, INPUTS.indexOf(name as never)), STATES.indexOf(start as never))
    ]
  assert.equal(walk(afterReceiving, 'SYN_SENT', 'SYN_ACK FIN'), 'CLOSE_WAIT')
  assert.equal(walk(afterReceiving, 'FIN_WAIT1', 'ACK_OF_FIN FIN'), 'TIME_WAIT')
  assert.equal(walk(afterReceiving, 'FIN_WAIT1', 'FIN ACK_OF_FIN'), 'TIME_WAIT')
  assert.equal(walk(afterReceiving, 'LAST_ACK', 'ACK_OF_FIN'), 'CLOSED')
  assert.equal(walk(afterSending, 'CLOSED', 'SYN ACK'), 'ESTABLISHED')
  assert.equal(walk(afterSending, 'LISTEN', 'SYN_ACK ACK ACK_OF_FIN FIN'), 'LAST_ACK')
  assert.equal(walk(afterSending, 'ESTABLISHED', 'FIN ACK_OF_FIN'), 'CLOSING')
})

test('docs/tcp-states.md is what the table says', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/tcp-states.md'), 'utf8')
  assert.equal(page, renderStateTable(), 'make it again: npx tsx scripts/tcp-states.ts')
})
