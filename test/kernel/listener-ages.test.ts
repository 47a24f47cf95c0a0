import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StateFact } from '../../src/kernel/fact.ts'
import { ListenerAges } from '../../src/kernel/listener-ages.ts'

const PORT = 80
const fact = (
  socket: number,
  from: string,
  to: string,
  at: number,
  more: Partial<StateFact> = {},
): StateFact => ({
  fact: 'state',
  at,
  netns: 1,
  proto: 'tcp',
  socket,
  local: { addr: '0.0.0.0', port: PORT },
  remote: { addr: '0.0.0.0', port: 0 },
  from,
  to,
  ...more,
})
const listens = (socket: number, at: number, more?: Partial<StateFact>) =>
  fact(socket, 'CLOSE', 'LISTEN', at, more)

test('listeners that began after a moment are counted by namespace and address, while they are open', () => {
  const ages = new ListenerAges()
  ages.state(listens(1, 10))
  ages.state(listens(2, 20))
  ages.state(listens(3, 20, { local: { addr: '127.0.0.1', port: PORT } }))
  ages.state(listens(4, 20, { netns: 2 }))
  ages.state(fact(5, 'SYN_SENT', 'ESTABLISHED', 20))
  const after = (at: number) => ages.youngerThan(at, 1, '0.0.0.0', PORT)
  assert.deepEqual([after(9), after(10), after(20)], [2, 1, 0])
  ages.state(fact(2, 'LISTEN', 'CLOSE', 30))
  assert.deepEqual([after(9), after(10)], [1, 0])
})

test('a listener whose namespace is not known counts in each', () => {
  const ages = new ListenerAges()
  ages.state(listens(1, 10, { netns: null }))
  assert.deepEqual([ages.youngerThan(5, 1, '0.0.0.0', PORT), ages.youngerThan(5, 2, '0.0.0.0', PORT)], [1, 1])
})

test('a socket that listens again is as young as its latest listen()', () => {
  const ages = new ListenerAges()
  ages.state(listens(1, 10))
  ages.state(listens(1, 30))
  assert.equal(ages.youngerThan(20, 1, '0.0.0.0', PORT), 1)
})
