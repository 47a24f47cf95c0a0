import fc from 'fast-check'
import { RadiotapHeader } from '../../src/wire/radiotap.ts'
import { headerSuite } from './header-suite.ts'

const header = new RadiotapHeader()

headerSuite({
  name: 'radiotap',
  bytes: '0000 0800 00000000',
  fields: { headerLength: 8 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ headerLength: header.headerLength }),
  emit: RadiotapHeader.emit,
  arbitrary: fc.record({ headerLength: fc.integer({ min: 8, max: 100 }) }),
  bad: ['0100 0800 00000000', '0000 0700 00000000', '0000 0900 00000000'],
})
