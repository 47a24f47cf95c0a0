import { SnapHeader } from '../../src/wire/snap.ts'
import { headerSuite, uint16 } from './header-suite.ts'

const header = new SnapHeader()

headerSuite({
  name: 'SNAP',
  bytes: 'aaaa03 000000 0800',
  fields: { etherType: 0x0800 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ etherType: header.etherType }),
  emit: SnapHeader.emit,
  arbitrary: uint16().map((etherType) => ({ etherType })),
  // Spanning tree over plain 802.2; a SNAP protocol of an organisation's own.
  bad: ['424203 000000 0800', 'aaaa03 00000c 2000'],
})
