import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Side } from '../../../src/flow/event.ts'
import type { LiveModel } from '../../../src/live/model/model.ts'
import { Strip } from '../../../src/live/model/strip.ts'
import type { SocketState } from '../../../src/sockets/socket.ts'
import { Conversation, newModel } from '../script.ts'

/** `S>` seen, `s>` inferred, `R!` failed. */
function text(strip: Strip): string {
  return strip.cells
    .map(({ what, fromClient, light }) => {
      const letters = light === 'inferred' ? what.toLowerCase() : light === 'dark' ? '-' : what
      const arrow = fromClient === undefined ? letters : fromClient ? `${letters}>` : `<${letters}`
      return light === 'bad' ? `${arrow}!` : arrow
    })
    .join(' ')
}

function stripOf(model: LiveModel): string {
  return text(model.book.card(0)!.strip)
}

const A = { addr: '127.0.0.1', port: 1 }
const B = { addr: '127.0.0.1', port: 2 }

const CASES: readonly (readonly [name: string, play: (talk: Conversation) => void, strip: string])[] = [
  ['a SYN', (talk) => talk.syn(0), 'S>'],
  ['a handshake', (talk) => talk.open(0), 'S> <SA A>'],
  ['the third ACK alone', (talk) => talk.ack(0), 's> <sa A>'],
  ['data', (talk) => talk.open(0).payload('client', 5, 1), 'S> <SA A> data'],
  ['data of a connection that was open already', (talk) => talk.payload('server', 5, 1), 's> <sa a> data'],
  [
    'a close in four segments',
    (talk) =>
      talk.open(0).fin('client', 1, 1).finAck('server', 2, 2).fin('server', 3, 3).finAck('client', 4, 4),
    'S> <SA A> - F> <A <F A>',
  ],
  [
    'a close by the server, FIN and ACK in one',
    (talk) => talk.open(0).fin('server', 1, 1).fin('client', 2, 3, true).finAck('server', 3, 4),
    'S> <SA A> - <F FA> <A',
  ],
  ['a close of which the FIN was missed', (talk) => talk.finAck('server', 2, 2), 's> <sa a> - f> <A'],
  ['a refusal', (talk) => talk.syn(0).reset('server', 1), 'S> <RA!'],
  ['a reset in the middle', (talk) => talk.open(0).reset('client', 1), 'S> <SA A> RA>!'],
]

for (const [name, play, expected] of CASES)
  test(`strip: ${name}`, () => {
    const model = newModel()
    play(new Conversation(model, 0, A, B))
    assert.equal(stripOf(model), expected)
  })

const STATES: readonly (readonly [state: SocketState, side: Side, strip: string])[] = [
  ['LISTEN', 'server', ''],
  ['SYN_SENT', 'client', 's>'],
  ['SYN_RECV', 'server', 's> <sa'],
  ['ESTABLISHED', 'client', 's> <sa a>'],
  ['FIN_WAIT1', 'client', 's> <sa a> - f>'],
  ['FIN_WAIT2', 'server', 's> <sa a> - <f a>'],
  ['CLOSE_WAIT', 'server', 's> <sa a> - f> <a'],
  ['LAST_ACK', 'client', 's> <sa a> - <f a> f>'],
  ['CLOSING', 'client', 's> <sa a> - f> <a <f'],
  ['TIME_WAIT', 'client', 's> <sa a> - f> <a <f a>'],
]

for (const [state, side, expected] of STATES)
  test(`strip: what must have passed for ${state} at the ${side}`, () => {
    const strip = new Strip()
    strip.state(state, side)
    assert.equal(text(strip), expected)
  })

test('strip: the kernel does not take back what was seen', () => {
  const model = newModel()
  new Conversation(model, 0, A, B).open(0).fin('server', 1, 1)
  const { strip } = model.book.card(0)!
  strip.state('FIN_WAIT1', 'client')
  assert.equal(text(strip), 'S> <SA A> - <F')
})
