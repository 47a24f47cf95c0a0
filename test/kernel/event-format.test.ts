import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEventFormat } from '../../src/kernel/event-format.ts'
import { StateEvent, stateFields } from '../../src/kernel/state-event.ts'
import { formatAddress } from '../../src/wire/address.ts'
import { formatText, stateRecord } from './state-record.ts'

test('a format file gives name, id and the place of every field', () => {
  const format = parseEventFormat(formatText())!
  assert.equal(format.name, 'inet_sock_set_state')
  assert.equal(format.id, 2287)
  assert.deepEqual(format.fields.get('common_pid'), { offset: 4, size: 4, signed: true })
  assert.deepEqual(format.fields.get('skaddr'), { offset: 8, size: 8, signed: false })
  assert.deepEqual(format.fields.get('daddr_v6'), { offset: 56, size: 16, signed: false })
  // 4 common ones and 11 of its own; nothing is taken from the print line.
  assert.equal(format.fields.size, 15)
})

for (const [declaration, name] of [
  ['__data_loc char[] name', 'name'],
  ['char comm[16]', 'comm'],
  ['enum skb_drop_reason reason', 'reason'],
  ['const struct sock *sk', 'sk'],
  ['__u8 addr[sizeof(struct sockaddr_in6)]', 'addr'],
] as const)
  test(`the declaration "${declaration}" names ${name}`, () => {
    const text = `name: x\nID: 1\nformat:\n\tfield:${declaration};\toffset:8;\tsize:4;\tsigned:0;\n`
    assert.deepEqual([...parseEventFormat(text)!.fields.keys()], [name])
  })

test('a line without "signed" (before Linux 2.6.38) is unsigned', () => {
  const format = parseEventFormat('name: x\nID: 1\nformat:\n\tfield:int a;\toffset:8;\tsize:4;\n')
  assert.deepEqual(format!.fields.get('a'), { offset: 8, size: 4, signed: false })
})

test('what is no format file is undefined', () => {
  for (const text of ['', 'name: x', 'ID: 4', 'garbage\n\0']) assert.equal(parseEventFormat(text), undefined)
})

test('a layout without a field that is needed is refused', () => {
  assert.equal(stateFields(parseEventFormat(formatText({ omit: 'skaddr' }))!), undefined)
})

for (const [name, options] of [
  ['Linux 5.6 and newer', {}],
  ['a protocol of one byte, before 5.6', { protocolSize: 1 }],
  ['a longer common header', { shift: 8 }],
] as const)
  for (const [local, remote, mapped] of [
    ['192.0.2.1', '198.51.100.7', false],
    ['192.0.2.1', '198.51.100.7', true],
    ['2001:db8::1', '2001:db8:0:1::2', false],
  ] as const)
    test(`a state change is read in the layout of ${name}: ${local}${mapped ? ', mapped' : ''}`, () => {
      const format = parseEventFormat(formatText(options))!
      const record = {
        socket: 0x8881093740c0,
        from: 7,
        to: 2,
        local,
        localPort: 40_000,
        remote,
        remotePort: 443,
      }
      const bytes = stateRecord({ ...record, mapped }, format)
      const event = new StateEvent(stateFields(format)!)
      // Not at the beginning of the memory.
      const memory = new Uint8Array(bytes.length + 12)
      memory.set(bytes, 12)
      assert.equal(event.at(new DataView(memory.buffer), 12, bytes.length), true)
      const { socket, oldState: from, newState: to, localPort, remotePort, family, protocol } = event
      assert.deepEqual(
        {
          socket,
          from,
          to,
          local: formatAddress(family, event.local),
          localPort,
          remote: formatAddress(family, event.remote),
          remotePort,
        },
        record,
      )
      assert.equal(protocol, 6)
      assert.equal(event.at(new DataView(memory.buffer), 12, bytes.length - 1), false)
    })
