import { EthernetHeader } from '../../src/wire/ethernet.ts'
import { headerSuite, uint16 } from './header-suite.ts'

const header = new EthernetHeader()

headerSuite({
  name: 'Ethernet',
  bytes: '000000000000 000000000000 86dd',
  fields: { etherType: 0x86dd },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ etherType: header.etherType }),
  emit: EthernetHeader.emit,
  arbitrary: uint16().map((etherType) => ({ etherType })),
  bad: [],
})
