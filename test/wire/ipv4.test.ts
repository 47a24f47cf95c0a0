import fc from 'fast-check'
import { type Ipv4Fields, Ipv4Header } from '../../src/wire/ipv4.ts'
import { headerSuite, uint8, uint16, uint32 } from './header-suite.ts'

const header = new Ipv4Header()

const read = (): Required<Ipv4Fields> => ({
  headerLength: header.headerLength,
  trafficClass: header.trafficClass,
  totalLength: header.totalLength,
  identification: header.identification,
  dontFragment: header.dontFragment === 1,
  moreFragments: header.moreFragments === 1,
  fragmentOffset: header.fragmentOffset,
  ttl: header.ttl,
  protocol: header.protocol,
  checksum: header.checksum,
  source: header.source,
  destination: header.destination,
})

headerSuite({
  name: 'IPv4',
  bytes: '45 2e 003c 1c46 4000 40 06 b1e6 c0a80068 ffffff01',
  fields: {
    headerLength: 20,
    trafficClass: 0x2e,
    totalLength: 60,
    identification: 0x1c46,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: 6,
    checksum: 0xb1e6,
    source: 0xc0a80068,
    destination: 0xffffff01,
  },
  at: (frame, offset) => header.at(frame, offset),
  read,
  emit: Ipv4Header.emit,
  arbitrary: fc.record({
    headerLength: fc.integer({ min: 5, max: 15 }).map((words) => words * 4),
    trafficClass: uint8(),
    totalLength: fc.oneof(fc.constant(0), fc.integer({ min: 60, max: 0xffff })),
    identification: uint16(),
    dontFragment: fc.boolean(),
    moreFragments: fc.boolean(),
    fragmentOffset: fc.integer({ min: 0, max: 8191 }).map((units) => units * 8),
    ttl: uint8(),
    protocol: uint8(),
    checksum: uint16(),
    source: uint32(),
    destination: uint32(),
  }),
  bad: [
    // Version 5; header length 16; header longer than the packet; total length below the header's.
    '55 00 003c 0000 0000 40 06 0000 00000000 00000000',
    '44 00 003c 0000 0000 40 06 0000 00000000 00000000',
    '46 00 003c 0000 0000 40 06 0000 00000000 00000000',
    '45 00 0013 0000 0000 40 06 0000 00000000 00000000',
  ],
})
