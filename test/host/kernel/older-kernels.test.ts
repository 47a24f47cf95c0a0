import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import {
  attachTracepoint,
  attachTypedTracepoint,
  type BpfMemory,
  type BpfRing,
  createCounter,
  createMemory,
  createRing,
} from '../../../src/host/kernel/bpf.ts'
import { close } from '../../../src/host/libc.ts'
import { Btf } from '../../../src/kernel/btf.ts'
import { ChangeLog, LOG_LENGTH } from '../../../src/kernel/change-log.ts'
import { dropProgram } from '../../../src/kernel/drop-program.ts'
import type { KernelFact, StateFact } from '../../../src/kernel/fact.ts'
import { FactReader, type KernelNames } from '../../../src/kernel/fact-reader.ts'
import { type KernelLayout, readLayout } from '../../../src/kernel/layout.ts'
import type { ProgramTarget } from '../../../src/kernel/program.ts'
import { RingCursor } from '../../../src/kernel/ring-cursor.ts'
import { resetProgram, retransmitProgram } from '../../../src/kernel/socket-program.ts'
import { stateProgram } from '../../../src/kernel/state-program.ts'
import { ALL_CHANGES } from '../../../src/kernel/transitions.ts'
import { rootTest } from '../../support/root.ts'

const LENGTH = 64 * 1024

/** What older kernels do not give: their tracepoints have fewer arguments, and this one takes programs that use fewer. */
const PROGRAMS: readonly (readonly [string, (target: ProgramTarget) => Uint8Array])[] = [
  ['kfree_skb', (target) => dropProgram(target, 2, { never: [], onlySyn: [] })],
  ['kfree_skb', (target) => dropProgram(target, 3, { never: [1], onlySyn: [2] })],
  ['tcp_send_reset', (target) => resetProgram(target, 2)],
  ['tcp_retransmit_skb', (target) => retransmitProgram(target, 2)],
  ['inet_sock_set_state', (target) => stateProgram(target, ALL_CHANGES, false)],
]

rootTest(
  'programs for tracepoints with fewer arguments pass the verifier, and inside a pid namespace',
  () => {
    const layout = readLayout(new Btf(readFileSync('/sys/kernel/btf/vmlinux')))
    const { dev, ino } = statSync('/proc/self/ns/pid')
    const ring = createRing(LENGTH)
    const counter = createCounter()
    for (const inside of [{}, { pidNamespace: { device: dev, inode: ino } }]) {
      const target = { layout, ring: ring.fd, lost: counter.fd, ringLength: LENGTH, ...inside }
      for (const [tracepoint, make] of PROGRAMS) {
        const descriptors = attachTracepoint(tracepoint, make(target))
        assert.equal(descriptors.length, 2)
        for (const descriptor of descriptors) close(descriptor)
      }
    }
    close(ring.fd)
    close(counter.fd)
  },
)

/** The changes of state of connections with that port, without their times. */
function changes(
  { data, producer }: BpfRing,
  { common }: KernelLayout,
  port: number,
  memory?: BpfMemory,
): Omit<StateFact, 'at'>[] {
  const found: StateFact[] = []
  const keep = (fact: KernelFact | undefined): void => {
    if (fact?.fact === 'state' && (fact.local.port === port || fact.remote.port === port)) found.push(fact)
  }
  const reader = new FactReader(data, common, NAMES)
  const cursor = new RingCursor(data)
  cursor.begin(0, Number(producer[0]!))
  while (cursor.next()) keep(reader.read(cursor.offset, cursor.length))
  if (memory !== undefined) {
    const kept = new FactReader(memory.bytes, common, NAMES)
    const log = new ChangeLog(memory.bytes)
    for (; log.look(log.count); log.position++) keep(kept.read(log.offset, log.length))
  }
  return found
    .sort((a, b) => a.at - b.at)
    .map(({ at, ...rest }) => {
      assert.ok(at > 0)
      return rest
    })
}

const NAMES: KernelNames = {
  dropReasons: new Map(),
  resetReasons: new Map(),
  error: String,
  location: () => null,
  text: (bytes) => Buffer.from(bytes).toString(),
}

rootTest(
  'the program that knows types is taken; what it tells is what the other one tells, in the ring or in the log',
  async () => {
    const name = 'inet_sock_set_state'
    const btf = new Btf(readFileSync('/sys/kernel/btf/vmlinux'))
    const layout = readLayout(btf)
    const counter = createCounter()
    const [typed, untyped] = [createRing(LENGTH), createRing(LENGTH)]
    const logged = [createRing(LENGTH), createRing(LENGTH)] as const
    const logs = [createMemory(LOG_LENGTH), createMemory(LOG_LENGTH)] as const
    const program = (ring: BpfRing, isTyped: boolean, log?: BpfMemory): Uint8Array =>
      stateProgram(
        { layout, ring: ring.fd, lost: counter.fd, ringLength: LENGTH, ...(log && { log: log.fd }) },
        ALL_CHANGES,
        isTyped,
      )
    const descriptors = [
      ...attachTypedTracepoint(name, btf.tracepoint(name)!, program(typed, true)),
      ...attachTracepoint(name, program(untyped, false)),
      ...attachTypedTracepoint(name, btf.tracepoint(name)!, program(logged[0], true, logs[0])),
      ...attachTracepoint(name, program(logged[1], false, logs[1])),
    ]
    try {
      // The last is an IPv6 socket that speaks IPv4.
      for (const [own, dialled] of [
        ['127.0.0.1', '127.0.0.1'],
        ['::1', '::1'],
        ['::', '127.0.0.1'],
      ] as const) {
        const server = createServer((socket) => socket.end()).listen(0, own)
        await once(server, 'listening')
        const { port } = server.address() as AddressInfo
        const client = connect(port, dialled).resume()
        await once(client, 'close')
        server.close()
        await once(server, 'close')
        const told = changes(typed, layout, port)
        assert.deepEqual(told, changes(untyped, layout, port))
        for (const at of [0, 1] as const) {
          assert.deepEqual(told, changes(logged[at], layout, port, logs[at]))
          // Of a connection that goes well the ring has the listener alone.
          assert.deepEqual(
            changes(logged[at], layout, port).map(({ from, to }) => `${from} ${to}`),
            ['CLOSE LISTEN', 'LISTEN CLOSE'],
          )
        }
        const dial = told.find(({ to }) => to === 'SYN_SENT')
        assert.deepEqual([dial?.remote, dial?.pid], [{ addr: dialled, port }, process.pid])
        assert.ok(told.filter(({ to }) => to === 'ESTABLISHED').length === 2)
      }
      assert.equal(counter.value[0], 0n)
    } finally {
      for (const { fd } of [typed, untyped, ...logged, ...logs, counter]) close(fd)
      for (const descriptor of descriptors) close(descriptor)
    }
  },
)
