import fc from 'fast-check'
import { GeneveHeader } from '../../src/wire/geneve.ts'
import { headerSuite, uint16 } from './header-suite.ts'

const header = new GeneveHeader()

headerSuite({
  name: 'GENEVE',
  bytes: '00006558 12345600',
  fields: { identifier: 0x123456, etherType: 0x6558, headerLength: 8 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => {
    const { identifier, etherType, headerLength } = header
    return { identifier, etherType, headerLength }
  },
  emit: GeneveHeader.emit,
  arbitrary: fc.record({
    identifier: fc.integer({ min: 0, max: 0xffffff }),
    etherType: uint16(),
    headerLength: fc.integer({ min: 2, max: 28 }).map((words) => words * 4),
  }),
  // Another version; options that are not there.
  bad: ['40006558 12345600', '01006558 12345600'],
})
