import fc from 'fast-check'
import { PktapHeader } from '../../src/wire/pktap.ts'
import { headerSuite, uint16 } from './header-suite.ts'

const header = new PktapHeader()

headerSuite({
  name: 'PKTAP',
  bytes: '0c000000 01000000 01000000',
  fields: { linkType: 1, headerLength: 12 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ linkType: header.linkType, headerLength: header.headerLength }),
  emit: PktapHeader.emit,
  arbitrary: fc.record({ linkType: uint16(), headerLength: fc.integer({ min: 12, max: 108 }) }),
  // No packet; a length shorter than the header, and longer than the packet.
  bad: [
    '0c000000 00000000 01000000',
    '0b000000 01000000 01000000',
    '0d000000 01000000 01000000',
    'ffffffff 01000000 01000000',
  ],
})
