import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMON_LENGTH, type CommonLayout } from '../../src/kernel/layout.ts'
import { RecordedChange } from '../../src/kernel/recorded-change.ts'
import { RECORD, STATE_LENGTH } from '../../src/kernel/ring-record.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { COMMON } from './common-layout.ts'

const NETNS = 0xf000_0123

/** A record at offset 8 of a ring: 10.0.0.1 or its like to a peer, port 50000 to 443. */
function changeOf(local: string, remote: string, family: number, common: Partial<CommonLayout> = {}) {
  const layout = { ...COMMON, ...common }
  const memory = new Uint8Array(8 + STATE_LENGTH)
  const view = new DataView(memory.buffer, 8)
  view.setUint32(RECORD.pid, 77, true)
  view.setBigUint64(RECORD.time, 123_456_789_012n, true)
  view.setBigUint64(RECORD.socket, 0xffff_8881_2345_6780n, true)
  view.setUint32(RECORD.netns, NETNS, true)
  view.setUint32(RECORD.value, 2, true)
  view.setUint32(RECORD.state, 7, true)
  view.setUint16(RECORD.protocol, 6, true)
  view.setUint16(RECORD.port, 50_000)
  memory.set(Buffer.from('curl\0left over'), 8 + RECORD.name)
  // What the program does not fill is left from the record that was there before.
  memory.fill(0xee, 8 + RECORD.payload, 8 + RECORD.payload + COMMON_LENGTH)
  view.setUint16(RECORD.payload + COMMON.family, family, true)
  view.setUint16(RECORD.payload + COMMON.remotePort, 443)
  for (const [text, at4, at6] of [
    [local, COMMON.local, COMMON.local6],
    [remote, COMMON.remote, COMMON.remote6],
  ] as const) {
    const { words, family: kind } = parseAddress(text)!
    if (kind === 4) view.setUint32(RECORD.payload + at4, words[0]!)
    else for (const [index, word] of words.entries()) view.setUint32(RECORD.payload + at6 + 4 * index, word)
  }
  const change = new RecordedChange(memory, layout)
  change.move(8)
  return change
}

const words = (text: string): number[] => [...parseAddress(text)!.words]

test('a change of state as the program wrote it down', () => {
  const change = changeOf('10.0.0.1', '10.0.0.2', 2)
  const { socket, time, netns, oldState, newState, localPort, remotePort, protocol, family, pid } = change
  assert.deepEqual(
    { socket, time, netns, oldState, newState, localPort, remotePort, protocol, family, pid },
    {
      socket: 0x8881_2345_6780,
      time: 123_456_789_012,
      netns: NETNS,
      oldState: 7,
      newState: 2,
      localPort: 50_000,
      remotePort: 443,
      protocol: 6,
      family: 4,
      pid: 77,
    },
  )
  assert.equal(Buffer.from(change.comm).toString(), 'curl')
})

const ENDS: readonly (readonly [local: string, remote: string, family: number, as: 4 | 6])[] = [
  ['10.0.0.1', '10.0.0.2', 2, 4],
  ['2001:db8::1', '2001:db8::2', 10, 6],
  ['::', '2001:db8::2', 10, 6],
]
for (const [local, remote, family, as] of ENDS)
  test(`its ends: ${local} to ${remote}`, () => {
    const change = changeOf(local, remote, family)
    assert.deepEqual(
      [change.family, [...change.local], [...change.remote]],
      [as, words(local), words(remote)],
    )
  })

test('an IPv6 socket that speaks IPv4 has IPv4 ends', () => {
  const change = changeOf('::ffff:10.0.0.1', '::ffff:10.0.0.2', 10)
  assert.equal(change.family, 4)
})

test('a kernel without IPv6 has IPv4 ends only', () => {
  const change = changeOf('10.0.0.1', '10.0.0.2', 2, { remote6: -1, local6: -1 })
  assert.deepEqual([change.family, [...change.remote]], [4, words('10.0.0.2')])
})
