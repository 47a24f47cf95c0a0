import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StateFact } from '../../src/kernel/fact.ts'
import { LastListeners } from '../../src/kernel/last-listeners.ts'

function fact(from: string, to: string, at: number, more: Partial<StateFact> = {}): StateFact {
  return {
    fact: 'state',
    at,
    netns: 1,
    proto: 'tcp',
    socket: 1,
    local: { addr: '0.0.0.0', port: 80 },
    remote: { addr: '0.0.0.0', port: 0 },
    from,
    to,
    ...more,
  }
}

test('who held a port, once it is closed', () => {
  const past = new LastListeners()
  past.state(fact('CLOSE', 'LISTEN', 1e9, { pid: 7, comm: 'nginx' }))
  assert.equal(past.find(1, 80, 2e9), undefined)
  past.state(fact('LISTEN', 'CLOSE', 3e9))
  assert.deepEqual(past.find(1, 80, 4e9), {
    process: { pid: 7, comm: 'nginx', attribution: 'tracepoint' },
    closedMsAgo: 1000,
  })
  assert.equal(past.find(2, 80, 4e9), undefined)
  assert.equal(past.find(1, 81, 4e9), undefined)
  past.state(fact('CLOSE', 'LISTEN', 5e9, { pid: 8, comm: 'caddy' }))
  assert.equal(past.find(1, 80, 6e9), undefined)
})

test('who closes a listener held it; other states say nothing', () => {
  const past = new LastListeners()
  past.state(fact('LISTEN', 'CLOSE', 1e9, { pid: 9, comm: 'old', netns: null }))
  past.state(fact('SYN_SENT', 'CLOSE', 2e9, { pid: 10, comm: 'curl', netns: null }))
  assert.equal(past.find(5, 80, 2e9)?.process.pid, 9)
})

test('memory is bounded', () => {
  const past = new LastListeners()
  for (let port = 1; port <= 5000; port++)
    past.state(fact('LISTEN', 'CLOSE', port, { pid: 1, local: { addr: '::', port } }))
  assert.equal(past.find(1, 1, 1e9), undefined)
  assert.equal(past.find(1, 5000, 1e9)?.process.pid, 1)
})
