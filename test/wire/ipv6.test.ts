import fc from 'fast-check'
import { type Ipv6Fields, Ipv6Header } from '../../src/wire/ipv6.ts'
import { headerSuite, uint8, uint16, uint32 } from './header-suite.ts'

const header = new Ipv6Header()

const words = (): fc.Arbitrary<number[]> => fc.array(uint32(), { minLength: 4, maxLength: 4 })

headerSuite<Required<Ipv6Fields>>({
  name: 'IPv6',
  bytes: '62e12345 0014 06 3f 20010db8000000000000000000000001 20010db8000000000000000000000002',
  fields: {
    trafficClass: 0x2e,
    flowLabel: 0x12345,
    payloadLength: 20,
    nextHeader: 6,
    hopLimit: 63,
    source: [0x20010db8, 0, 0, 1],
    destination: [0x20010db8, 0, 0, 2],
  },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({
    trafficClass: header.trafficClass,
    flowLabel: header.flowLabel,
    payloadLength: header.payloadLength,
    nextHeader: header.nextHeader,
    hopLimit: header.hopLimit,
    source: [0, 1, 2, 3].map((word) => header.source(word)),
    destination: [0, 1, 2, 3].map((word) => header.destination(word)),
  }),
  emit: Ipv6Header.emit,
  arbitrary: fc.record({
    trafficClass: uint8(),
    flowLabel: fc.integer({ min: 0, max: 0xfffff }),
    payloadLength: uint16(),
    nextHeader: uint8(),
    hopLimit: uint8(),
    source: words(),
    destination: words(),
  }),
  bad: [`45000000 0014 06 3f ${'00'.repeat(32)}`],
})
