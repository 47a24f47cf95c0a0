import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedChange } from '../../src/kernel/recorded-change.ts'
import { CHANGE, CHANGE_LENGTH, KIND, OTHER_THREAD, RECORD } from '../../src/kernel/ring-record.ts'
import { parseAddress } from '../../src/wire/address.ts'

const NETNS = 0xf000_0123

/** A record at offset 8 of a ring: 10.0.0.1 or its like to a peer, port 50000 to 443, by a socket of that family. */
function changeOf(local: string, remote: string, family: 4 | 6, caller = 77): RecordedChange {
  // What the program does not fill is left from the record that was there before.
  const memory = new Uint8Array(8 + CHANGE_LENGTH).fill(0xee)
  const view = new DataView(memory.buffer, 8)
  view.setUint32(RECORD.kind, family === 4 ? KIND.state : KIND.state6, true)
  view.setBigUint64(RECORD.time, 123_456_789_012n, true)
  view.setBigUint64(RECORD.socket, 0xffff_8881_2345_6780n, true)
  view.setUint8(CHANGE.from, 7)
  view.setUint8(CHANGE.to, 2)
  view.setUint32(RECORD.netns, NETNS, true)
  view.setUint32(CHANGE.pid, caller, true)
  view.setUint16(CHANGE.port, 50_000)
  view.setUint16(CHANGE.remotePort, 443)
  for (const [text, at] of [
    [local, CHANGE.local[family]],
    [remote, CHANGE.remote],
  ] as const) {
    const { words } = parseAddress(text)!
    if (family === 4) view.setUint32(at, words[0]!)
    else for (const [index, word] of words.entries()) view.setUint32(at + 4 * index, word)
  }
  memory.set(Buffer.from('curl\0left over'), 8 + CHANGE.name[family])
  const change = new RecordedChange(memory)
  change.move(8)
  return change
}

const words = (text: string): number[] => [...parseAddress(text)!.words]

test('a change of state as the program wrote it down', () => {
  const change = changeOf('10.0.0.1', '10.0.0.2', 4)
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

test('whose name it has: that of the process, or of another thread', () => {
  const own = changeOf('10.0.0.1', '10.0.0.2', 4)
  assert.deepEqual([own.pid, own.isFirstThread], [77, true])
  const other = changeOf('10.0.0.1', '10.0.0.2', 4, 77 + OTHER_THREAD)
  assert.deepEqual([other.pid, other.isFirstThread], [77, false])
  for (const family of [4, 6] as const) {
    const change = changeOf('10.0.0.1', '10.0.0.2', family)
    const names = ['curl', 'cur', 'curls', 'bash', '', 'a name of 16 B.!'] as const
    assert.deepEqual(
      names.filter((name) => change.isNamed(name)),
      ['curl'],
    )
  }
})

const ENDS: readonly (readonly [local: string, remote: string, family: 4 | 6])[] = [
  ['10.0.0.1', '10.0.0.2', 4],
  ['2001:db8::1', '2001:db8::2', 6],
  ['::', '2001:db8::2', 6],
]
for (const [local, remote, family] of ENDS)
  test(`its ends: ${local} to ${remote}`, () => {
    const change = changeOf(local, remote, family)
    assert.deepEqual(
      [change.family, [...change.local], [...change.remote]],
      [family, words(local), words(remote)],
    )
    assert.equal(Buffer.from(change.comm).toString(), 'curl')
  })

for (const [local, as] of [
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::', '0.0.0.0'],
] as const)
  test(`an IPv6 socket that speaks IPv4 has IPv4 ends: ${local}`, () => {
    const change = changeOf(local, '::ffff:10.0.0.2', 6)
    assert.deepEqual(
      [change.family, [...change.local], [...change.remote]],
      [4, words(as), words('10.0.0.2')],
    )
  })
