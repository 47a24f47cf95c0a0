import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlowProcesses } from '../../../src/cli/analysis/flow-processes.ts'
import type { FlowRecord } from '../../../src/flow/record.ts'
import type { ProcessRef } from '../../../src/process-ref.ts'
import { PacketStack } from '../../../src/wire/stack.ts'

const dig: ProcessRef = { pid: 7, comm: 'dig', attribution: 'socket' }
const CLIENT = { addr: '127.0.0.1', port: 40_000 }
const SERVER = { addr: '127.0.0.2', port: 53 }

/** A datagram of the client's. */
function datagram(): PacketStack {
  const stack = new PacketStack()
  stack.family = 4
  stack.source[0] = 0x7f000001
  stack.destination[0] = 0x7f000002
  stack.sourcePort = CLIENT.port
  stack.destinationPort = SERVER.port
  return stack
}

const record = { id: 3, proto: 'udp', client: CLIENT, server: SERVER, start: 5 } as FlowRecord

for (const [name, answersFrom] of [
  ['with its first packet', 0],
  ['with a later packet, when the first was too early', 2],
] as const)
  test(`the process of a UDP flow is asked for ${name}`, () => {
    const times: number[] = []
    const processes = new FlowProcesses(
      {
        find(proto, local, _remote, role, epochNanos) {
          assert.equal(proto, 'udp')
          assert.deepEqual(local, role === 'client' ? CLIENT : SERVER)
          if (role === 'client') times.push(epochNanos)
          return role === 'client' && times.length > answersFrom ? dig : undefined
        },
      },
      { pids: new Set([7]), comms: new Set() },
    )
    const stack = datagram()
    for (let at = 5; at < 20; at++) processes.datagram(3, stack, true, at)
    assert.deepEqual(
      times,
      Array.from({ length: answersFrom + 1 }, (_, index) => 5 + index),
    )
    assert.equal(processes.isChosen(3), true)
    const flow = { ...record }
    assert.equal(processes.flow(flow), true)
    assert.deepEqual(flow.process, { client: dig })
  })

test('a UDP flow whose ends nobody knows is not asked for with every packet', () => {
  let asked = 0
  const processes = new FlowProcesses(
    {
      find() {
        asked++
        return undefined
      },
    },
    undefined,
  )
  const stack = datagram()
  for (let at = 0; at < 1000; at++) processes.datagram(3, stack, true, at)
  assert.ok(asked <= 8, `${asked}`)
})
