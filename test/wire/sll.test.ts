import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ARPHRD_ETHERNET, cookedEtherType, SllHeader } from '../../src/wire/sll.ts'
import { headerSuite, uint16 } from './header-suite.ts'

const header = new SllHeader()

headerSuite({
  name: 'SLL',
  bytes: '0000 0001 0000 0000000000000000 0800',
  fields: { arphrd: ARPHRD_ETHERNET, etherType: 0x0800 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ arphrd: ARPHRD_ETHERNET, etherType: header.etherType }),
  emit: SllHeader.emit,
  arbitrary: fc.record({ arphrd: fc.constant(ARPHRD_ETHERNET), etherType: uint16() }),
  bad: [],
})

test('SLL: a netlink family is no EtherType', () => {
  assert.equal(cookedEtherType(824, 0x0800), 0)
  assert.equal(cookedEtherType(772, 0x0800), 0x0800)
})
