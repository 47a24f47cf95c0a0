import fc from 'fast-check'
import { ARPHRD_LOOPBACK } from '../../src/wire/sll.ts'
import { Sll2Header } from '../../src/wire/sll2.ts'
import { headerSuite, uint8, uint16, uint32 } from './header-suite.ts'

const header = new Sll2Header()

headerSuite({
  name: 'SLL2',
  bytes: '86dd 0000 00000007 0304 04 00 0000000000000000',
  fields: { etherType: 0x86dd, interfaceIndex: 7, arphrd: ARPHRD_LOOPBACK, packetType: 4 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({
    etherType: header.etherType,
    interfaceIndex: header.interfaceIndex,
    arphrd: ARPHRD_LOOPBACK,
    packetType: header.packetType,
  }),
  emit: Sll2Header.emit,
  arbitrary: fc.record({
    etherType: uint16(),
    interfaceIndex: uint32(),
    arphrd: fc.constant(ARPHRD_LOOPBACK),
    packetType: uint8(),
  }),
  bad: [],
})
