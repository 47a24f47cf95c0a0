import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FactReader, type KernelNames } from '../../src/kernel/fact-reader.ts'
import { COMMON_LENGTH } from '../../src/kernel/layout.ts'
import {
  CHANGE,
  KIND,
  NAMED_LENGTH,
  OTHER_THREAD,
  RECORD,
  RECORD_LENGTH,
} from '../../src/kernel/ring-record.ts'
import { COMMON } from './common-layout.ts'

const NAMES: KernelNames = {
  dropReasons: new Map([[12, 'NETFILTER_DROP']]),
  resetReasons: new Map([[14, 'TCP_STATE']]),
  error: (number) => `E${number}`,
  location: (address) => (address === 0xffff82000010 ? 'nft_do_chain' : null),
  text: (bytes) => Buffer.from(bytes).toString(),
}
const NETNS = 0xefff_fff9

/** A record at offset 8 of a ring, with `fill` writing into it. */
function record(kind: number, fill: (view: DataView) => void): FactReader {
  const memory = new Uint8Array(8 + RECORD_LENGTH)
  const view = new DataView(memory.buffer, 8)
  view.setUint32(RECORD.kind, kind, true)
  view.setBigUint64(RECORD.time, 5_000_000_001n, true)
  view.setUint32(RECORD.netns, NETNS, true)
  fill(view)
  return new FactReader(memory, COMMON, NAMES)
}

function read(kind: number, fill: (view: DataView) => void): unknown {
  return record(kind, fill).read(8, RECORD_LENGTH)
}

/** 192.0.2.1:50000 on this side, 192.0.2.2:80 on the other. */
function socket(view: DataView): void {
  view.setBigUint64(RECORD.socket, 0xffff888012345678n, true)
  view.setUint16(RECORD.protocol, 6, true)
  view.setUint16(RECORD.port, 50_000)
  view.setUint16(RECORD.payload + COMMON.family, 2, true)
  view.setUint32(RECORD.payload + COMMON.remote, 0xc0000202)
  view.setUint32(RECORD.payload + COMMON.local, 0xc0000201)
  view.setUint16(RECORD.payload + COMMON.remotePort, 80)
}

/** A SYN from 192.0.2.1:50000 to 192.0.2.2:80, of which `whole` bytes are in the buffer's first piece. */
function syn(view: DataView, whole: number): void {
  view.setUint32(RECORD.network, 78, true)
  view.setUint32(RECORD.tail, 78 + whole, true)
  const at = RECORD.payload
  for (const [offset, word] of [
    0x45000028, 0x00004000, 0x40060000, 0xc0000201, 0xc0000202, 0xc3500050, 0, 0, 0x5002ffff, 0,
  ].entries())
    view.setUint32(at + 4 * offset, word)
}

const BASE = {
  at: 5_000_000_001,
  netns: NETNS,
  proto: 'tcp',
  local: { addr: '192.0.2.1', port: 50_000 },
  remote: { addr: '192.0.2.2', port: 80 },
}

/** A change of state between the same ends, or their mapped addresses. */
function change(from: number, to: number, family: 4 | 6 = 4, hasLocal = true): (view: DataView) => void {
  return (view) => {
    view.setBigUint64(RECORD.socket, 0xffff888012345678n, true)
    view.setUint8(CHANGE.from, from)
    view.setUint8(CHANGE.to, to)
    view.setUint32(CHANGE.pid, 77, true)
    view.setUint16(CHANGE.port, 50_000)
    view.setUint16(CHANGE.remotePort, 80)
    for (const [at, word] of [
      [CHANGE.remote, 0xc0000202],
      [CHANGE.local[family], hasLocal ? 0xc0000201 : 0],
    ] as const) {
      if (family === 6) view.setUint32(at + 8, word === 0 ? 0 : 0xffff)
      view.setUint32(family === 6 ? at + 12 : at, word)
    }
    new Uint8Array(view.buffer, 8).set(Buffer.from('curl\0rest'), CHANGE.name[family])
  }
}

test('a change of state; who made it is told only where that is sure', () => {
  // The low 48 bits of the address.
  const fact = { fact: 'state', ...BASE, socket: 0x888012345678 }
  const dial = { ...fact, from: 'CLOSE', to: 'SYN_SENT', pid: 77, comm: 'curl' }
  assert.deepEqual(read(KIND.state, change(7, 2)), dial)
  assert.deepEqual(read(KIND.state6, change(7, 2, 6)), dial)
  const byThread = (view: DataView): void => {
    change(7, 2)(view)
    view.setUint32(CHANGE.pid, 77 + OTHER_THREAD, true)
  }
  assert.deepEqual(read(KIND.state, byThread), dial)
  const unset = { ...dial, local: { addr: '0.0.0.0', port: 50_000 } }
  assert.deepEqual(read(KIND.state6, change(7, 2, 6, false)), unset)
  assert.deepEqual(read(KIND.state, change(2, 1)), { ...fact, from: 'SYN_SENT', to: 'ESTABLISHED' })
})

test('an IPv6 socket that speaks IPv4 is told as IPv4, also where its own address is not set', () => {
  const fact = read(KIND.resetReceived, (view) => {
    socket(view)
    view.setUint16(RECORD.payload + COMMON.family, 10, true)
    view.setUint32(RECORD.payload + COMMON.remote6 + 8, 0xffff)
    view.setUint32(RECORD.payload + COMMON.remote6 + 12, 0xc0000202)
  })
  assert.deepEqual(fact, { fact: 'reset_received', ...BASE, local: { addr: '0.0.0.0', port: 50_000 } })
})

test('a drop, with and without what names it', () => {
  const drop = {
    fact: 'drop',
    at: BASE.at,
    netns: NETNS,
    proto: 'tcp',
    src: BASE.local,
    dst: BASE.remote,
    flags: 2,
    icmp: false,
  }
  const known = read(KIND.drop, (view) => {
    syn(view, 40)
    view.setInt32(RECORD.value, 12, true)
    view.setBigUint64(RECORD.location, 0xffffffff82000010n, true)
    new Uint8Array(view.buffer, 8).set(Buffer.from('eth0'), RECORD.name)
  })
  assert.deepEqual(known, { ...drop, reason: 'NETFILTER_DROP', location: 'nft_do_chain', iface: 'eth0' })
  const unknown = read(KIND.drop, (view) => {
    syn(view, 40)
    view.setInt32(RECORD.value, 0x30001, true)
    // A number that cannot be the inode of a namespace.
    view.setUint32(RECORD.netns, 4711, true)
  })
  assert.deepEqual(unknown, { ...drop, netns: null, reason: 'REASON_196609', location: null })
})

test('headers that are not in one piece tell nothing, whatever lies behind them', () => {
  for (let whole = -78; whole < 40; whole++)
    assert.equal(
      read(KIND.drop, (view) => syn(view, whole)),
      undefined,
      `${whole} bytes`,
    )
})

test('a reset answers its packet: what came to us is local', () => {
  const fact = read(KIND.reset, (view) => {
    syn(view, 40)
    view.setInt32(RECORD.value, 14, true)
  })
  const { local, remote } = BASE
  assert.deepEqual(fact, {
    ...{ fact: 'reset_sent', ...BASE, local: remote, remote: local },
    ...{ reason: 'TCP_STATE', state: null, active: false },
  })
})

test('connect() that waited and then failed was told by the error; one that failed at once is told', () => {
  const memory = new Uint8Array(8 + RECORD_LENGTH)
  const reader = new FactReader(memory, COMMON, NAMES)
  const view = new DataView(memory.buffer, 8)
  const give = (kind: number, value: number) => {
    socket(view)
    view.setUint32(RECORD.kind, kind, true)
    view.setInt32(RECORD.value, value, true)
    view.setUint16(RECORD.payload + COMMON_LENGTH, 2, true)
    view.setUint16(RECORD.payload + COMMON_LENGTH + 2, 443)
    view.setUint32(RECORD.payload + COMMON_LENGTH + 4, 0xc6336401)
    return reader.read(8, RECORD_LENGTH)
  }
  assert.equal(give(KIND.error, 111)?.fact, 'error')
  assert.equal(give(KIND.call, -111), undefined)
  const call = give(KIND.call, -111)
  assert.deepEqual(call?.fact === 'call' && [call.error, call.remote], [
    'E111',
    { addr: '198.51.100.1', port: 443 },
  ])
})

test('an error of a socket that has no peer is nobody’s', () => {
  const fact = read(KIND.error, (view) => {
    socket(view)
    view.setInt32(RECORD.value, 104, true)
    view.setUint16(RECORD.payload + COMMON.remotePort, 0)
  })
  assert.equal(fact, undefined)
})

test('a record that is too short, or of no known kind, is none', () => {
  for (const [kind, family] of [
    [KIND.state, 4],
    [KIND.state6, 6],
  ] as const) {
    assert.equal(record(kind, change(7, 2, family)).read(8, NAMED_LENGTH[family] - 1), undefined)
    assert.equal(record(kind, change(2, 1, family)).read(8, CHANGE.name[family] - 1), undefined)
    assert.equal(record(kind, change(2, 1, family)).read(8, CHANGE.name[family])?.fact, 'state')
  }
  assert.equal(record(KIND.error, socket).read(8, RECORD_LENGTH - 1), undefined)
  assert.equal(read(99, socket), undefined)
})
