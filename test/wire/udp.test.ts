import fc from 'fast-check'
import { type UdpFields, UdpHeader } from '../../src/wire/udp.ts'
import { headerSuite, uint16 } from './header-suite.ts'

const header = new UdpHeader()

headerSuite<Required<UdpFields>>({
  name: 'UDP',
  bytes: '0035 c001 0008 1234',
  fields: { sourcePort: 53, destinationPort: 49153, length: 8, checksum: 0x1234 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({
    sourcePort: header.sourcePort,
    destinationPort: header.destinationPort,
    length: header.length,
    checksum: header.checksum,
  }),
  emit: UdpHeader.emit,
  arbitrary: fc.record({
    sourcePort: uint16(),
    destinationPort: uint16(),
    length: fc.oneof(fc.constant(0), fc.integer({ min: 8, max: 0xffff })),
    checksum: uint16(),
  }),
  bad: ['0035 c001 0007 1234'],
})
