import fc from 'fast-check'
import { PppoeHeader } from '../../src/wire/pppoe.ts'
import { headerSuite, uint16 } from './header-suite.ts'

const header = new PppoeHeader()

headerSuite({
  name: 'PPPoE',
  bytes: '11 00 1234 0000',
  fields: { session: 0x1234 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ session: header.session }),
  emit: PppoeHeader.emit,
  arbitrary: fc.record({ session: uint16() }),
  bad: ['21 00 1234 0000', '11 09 0000 0000'],
})
