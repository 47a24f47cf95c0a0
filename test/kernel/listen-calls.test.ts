import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accepts, ListenCalls } from '../../src/kernel/listen-calls.ts'
import { CLOSE, LISTEN } from '../../src/kernel/state-event.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { stateEvent } from './state-record.ts'

for (const [bound, v6only, to, expected] of [
  ['0.0.0.0', false, '192.0.2.1', true],
  ['192.0.2.1', false, '192.0.2.1', true],
  ['192.0.2.1', false, '192.0.2.2', false],
  ['0.0.0.0', false, '2001:db8::1', false],
  ['::', true, '2001:db8::1', true],
  ['::', false, '192.0.2.1', true],
  ['::', true, '192.0.2.1', false],
  ['::', null, '192.0.2.1', undefined],
  ['2001:db8::1', false, '192.0.2.1', false],
  ['2001:db8::1', true, '2001:db8::1', true],
] as const)
  test(`a listener on ${bound} (v6only ${v6only}) and a connection to ${to}: ${expected}`, () => {
    const { family, words } = parseAddress(bound)!
    assert.equal(accepts(family, words, v6only, parseAddress(to)!), expected)
  })

const change = (socket: number, from: number, to: number, localPort = 80) =>
  stateEvent({ socket, from, to, local: '127.0.0.1', localPort, remote: '0.0.0.0', remotePort: 0 })
const process = (pid: number, netns: number | null = 1) => ({ pid, comm: 'nginx', netns })

test('a call to listen() is in force from then until the socket is closed', () => {
  const calls = new ListenCalls(1)
  calls.state(change(1, CLOSE, LISTEN), 100, process(10))
  calls.state(change(1, LISTEN, CLOSE), 200, undefined)
  calls.state(change(2, CLOSE, LISTEN), 300, process(20))
  const pids = (time: number) => calls.at(80, time).map((call) => call.process?.pid)
  assert.deepEqual([pids(99), pids(150), pids(250), pids(1e12)], [[], [10], [], [20]])
  assert.deepEqual(calls.at(81, 150), [])
  assert.equal(calls.changes, 3)
})

test('calls in another namespace are left out, those of an unknown one are not', () => {
  const calls = new ListenCalls(1)
  calls.state(change(1, CLOSE, LISTEN), 100, process(10, 2))
  calls.state(change(2, CLOSE, LISTEN), 100, process(20, null))
  assert.deepEqual(
    calls.at(80, 150).map((call) => call.process?.pid),
    [20],
  )
})

test('the namespace that the kernel told leaves out a call whose process was gone too soon', () => {
  const calls = new ListenCalls(1)
  for (const [socket, netns] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const told = change(socket, CLOSE, LISTEN)
    told.netns = netns
    calls.state(told, 100, process(10 * socket, null))
  }
  assert.deepEqual(
    calls.at(80, 150).map((call) => call.process?.pid),
    [20],
  )
})

test('the end of a listener that began before the records counts as a change', () => {
  const calls = new ListenCalls(1)
  calls.state(change(1, LISTEN, CLOSE), 100, undefined)
  assert.equal(calls.changes, 1)
})

test('closed listeners are forgotten after a while, open ones never', () => {
  const calls = new ListenCalls(1)
  calls.state(change(1, CLOSE, LISTEN), 100, process(10))
  calls.state(change(1, LISTEN, CLOSE), 200, undefined)
  calls.state(change(2, CLOSE, LISTEN), 100, process(20))
  calls.expire(3600e9)
  assert.deepEqual(calls.at(80, 150).length, 1)
})
