import fc from 'fast-check'
import { VxlanHeader } from '../../src/wire/vxlan.ts'
import { headerSuite } from './header-suite.ts'

const header = new VxlanHeader()

headerSuite({
  name: 'VXLAN',
  bytes: '08000000 12345600',
  fields: { identifier: 0x123456 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ identifier: header.identifier }),
  emit: VxlanHeader.emit,
  arbitrary: fc.record({ identifier: fc.integer({ min: 0, max: 0xffffff }) }),
  bad: ['00000000 12345600'],
})
