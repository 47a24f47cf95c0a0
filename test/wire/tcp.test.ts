import fc from 'fast-check'
import { type TcpFields, TcpHeader } from '../../src/wire/tcp.ts'
import { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../../src/wire/tcp-bits.ts'
import { headerSuite, uint16, uint32 } from './header-suite.ts'

const header = new TcpHeader()

headerSuite<Required<TcpFields>>({
  name: 'TCP',
  bytes: 'bd40 1f98 80000001 ffffffff 5152 fa00 beef 0007',
  fields: {
    sourcePort: 48448,
    destinationPort: 8088,
    sequence: 0x80000001,
    acknowledgement: 0xffffffff,
    headerLength: 20,
    flags: AE | ECE | ACK | SYN,
    window: 64000,
    checksum: 0xbeef,
    urgentPointer: 7,
  },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({
    sourcePort: header.sourcePort,
    destinationPort: header.destinationPort,
    sequence: header.sequence,
    acknowledgement: header.acknowledgement,
    headerLength: header.headerLength,
    flags: header.flags,
    window: header.window,
    checksum: header.checksum,
    urgentPointer: header.urgentPointer,
  }),
  emit: TcpHeader.emit,
  arbitrary: fc.record({
    sourcePort: uint16(),
    destinationPort: uint16(),
    sequence: uint32(),
    acknowledgement: uint32(),
    headerLength: fc.integer({ min: 5, max: 15 }).map((words) => words * 4),
    flags: fc
      .subarray([FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE])
      .map((flags) => flags.reduce((all, flag) => all | flag, 0)),
    window: uint16(),
    checksum: uint16(),
    urgentPointer: uint16(),
  }),
  bad: [
    // Header of 16 bytes; of 24, where the segment has 20.
    'bd40 1f98 00000001 00000000 4002 fa00 0000 0000',
    'bd40 1f98 00000001 00000000 6002 fa00 0000 0000',
  ],
})
