import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectTable } from '../../src/kernel/connect-table.ts'
import { CLOSE, SYN_SENT } from '../../src/kernel/state-event.ts'
import { stateEvent } from './state-record.ts'

const CAPACITY = 8
const REMOTE_PORT = 443

/** What a row of the table stands for. */
interface Known {
  readonly pid: number
  readonly socket: number
  port: number
  ended: boolean
}

/** Sockets and ports are few, and fall on few buckets: the chains of the table are long. */
const step = fc.record({
  what: fc.constantFrom('add', 'add', 'port', 'end', 'remove'),
  socket: fc.integer({ min: 1, max: 12 }),
  port: fc.integer({ min: 40_000, max: 40_003 }),
  which: fc.nat({ max: CAPACITY - 1 }),
})

function add(table: ConnectTable, socket: number, pid: number): number {
  const ends = { local: '192.0.2.1', localPort: 0, remote: '198.51.100.7', remotePort: REMOTE_PORT }
  const event = stateEvent({ socket, from: CLOSE, to: SYN_SENT, ...ends })
  return table.add(event, pid, { pid, comm: null, netns: null })
}

test('the table holds what a list would: found by socket while open, and by both ports', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const table = new ConnectTable(CAPACITY)
      /** By row, those that ended first in front of those that are open, as they make room. */
      let known: (readonly [row: number, Known])[] = []
      let pid = 0
      const drop = (row: number): void => {
        known = known.filter(([other]) => other !== row)
      }
      for (const { what, socket, port, which } of steps) {
        const [row, chosen] = known[which % Math.max(1, known.length)] ?? []
        if (what === 'add') {
          // Whoever used the address before has closed it.
          const before = known.find(([, { socket: other, ended }]) => other === socket && !ended)
          if (before !== undefined) {
            table.remove(before[0])
            drop(before[0])
          }
          if (known.length === CAPACITY) {
            const [first] = known.find(([, { ended }]) => ended) ?? known[0]!
            drop(first)
          }
          known.push([add(table, socket, ++pid), { pid, socket, port: 0, ended: false }])
        } else if (row === undefined || chosen === undefined) continue
        else if (what === 'port') {
          table.setPort(row, port)
          chosen.port = port
        } else if (what === 'end') {
          table.end(row, pid)
          if (!chosen.ended) {
            drop(row)
            chosen.ended = true
            known.push([row, chosen])
          }
        } else {
          table.remove(row)
          drop(row)
        }
        check(table, known)
      }
      table.clear()
      check(table, [])
    }),
    { numRuns: 300 },
  )
})

function check(table: ConnectTable, known: readonly (readonly [row: number, Known])[]): void {
  assert.equal(table.size, known.length)
  assert.equal(table.oldestEnded, known.find(([, { ended }]) => ended)?.[0] ?? -1)
  for (let socket = 1; socket <= 12; socket++) {
    const open = known.find(([, other]) => other.socket === socket && !other.ended)
    assert.equal(table.ofSocket(socket), open?.[0] ?? -1)
  }
  for (const port of [0, 40_000, 40_001, 40_002, 40_003]) {
    const pids: (number | undefined)[] = []
    for (let row = table.ofPorts(port, REMOTE_PORT); row >= 0; row = table.next(row))
      pids.push(table.process(row)?.pid)
    const expected = known.filter(([, other]) => other.port === port).map(([, { pid }]) => pid)
    assert.deepEqual(pids.sort(), expected.sort())
  }
}
