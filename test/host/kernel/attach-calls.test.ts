import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { attachCallReturn, attachCallTracepoint } from '../../../src/host/kernel/attach-calls.ts'
import { type BpfRing, createCounter, createRing } from '../../../src/host/kernel/bpf.ts'
import { close, errnoName } from '../../../src/host/libc.ts'
import { Btf } from '../../../src/kernel/btf.ts'
import { readCallLayout } from '../../../src/kernel/call-program.ts'
import type { CallFact } from '../../../src/kernel/fact.ts'
import { FactReader } from '../../../src/kernel/fact-reader.ts'
import { type KernelLayout, readLayout } from '../../../src/kernel/layout.ts'
import { RingCursor } from '../../../src/kernel/ring-cursor.ts'
import { runCommand } from '../../support/program.ts'
import { rootTest } from '../../support/root.ts'

const LENGTH = 64 * 1024
/** In a network namespace without a route; what goes on, or is no socket, is not told. */
const DIALS = `
import errno, os, socket
print(os.getpid(), os.stat('/proc/self/ns/net').st_ino, end='')
for family, kind, end in [
  (socket.AF_INET, socket.SOCK_STREAM, ('192.0.2.1', 80)),
  (socket.AF_INET6, socket.SOCK_STREAM, ('2001:db8::1', 443)),
  (socket.AF_INET, socket.SOCK_DGRAM, ('192.0.2.2', 53)),
]:
  dialler = socket.socket(family, kind)
  try: dialler.connect(end)
  except OSError as e: print('', errno.errorcode[e.errno], end='')
unix = socket.socket(socket.AF_UNIX)
try: unix.connect('/nowhere')
except OSError: pass
`

/** The failed calls of a process, without their times and sockets. */
function calls({ data, producer }: BpfRing, { common }: KernelLayout, pid: number): Partial<CallFact>[] {
  const reader = new FactReader(data, common, {
    dropReasons: new Map(),
    resetReasons: new Map(),
    error: errnoName,
    location: () => null,
    text: (bytes) => Buffer.from(bytes).toString(),
  })
  const cursor = new RingCursor(data)
  cursor.begin(0, Number(producer[0]!))
  const found: Partial<CallFact>[] = []
  while (cursor.next()) {
    const fact = reader.read(cursor.offset, cursor.length)
    if (fact?.fact !== 'call' || fact.pid !== pid) continue
    const { at, socket, ...rest } = fact
    assert.ok(at > 0 && socket)
    found.push(rest)
  }
  return found
}

rootTest('failed calls are told the same at the return of the function and by the tracepoint', () => {
  const btf = new Btf(readFileSync('/sys/kernel/btf/vmlinux'))
  const layout = readLayout(btf)
  const calling = readCallLayout(btf)!
  const counter = createCounter()
  const [byReturn, byTracepoint] = [createRing(LENGTH), createRing(LENGTH)]
  const target = ({ fd }: BpfRing) => ({ layout, ring: fd, lost: counter.fd, ringLength: LENGTH })
  const atReturn = attachCallReturn(btf, target(byReturn), calling)
  const descriptors = [...attachCallTracepoint(target(byTracepoint), calling), ...(atReturn ?? [])]
  try {
    const { stdout } = runCommand(['unshare', '-n', 'python3', '-c', DIALS])
    const [pid, netns, ...errors] = stdout.split(' ')
    const told = calls(byTracepoint, layout, Number(pid))
    assert.deepEqual(
      told.map(({ error, remote, comm, netns: where }) => [error, remote, comm, where]),
      [
        { addr: '192.0.2.1', port: 80 },
        { addr: '2001:db8::1', port: 443 },
        { addr: '192.0.2.2', port: 53 },
      ].map((remote, index) => [errors[index], remote, 'python3', Number(netns)]),
    )
    // Not every kernel lets its functions be patched.
    if (atReturn !== undefined) assert.deepEqual(calls(byReturn, layout, Number(pid)), told)
    assert.equal(counter.value[0], 0n)
  } finally {
    for (const { fd } of [byReturn, byTracepoint, counter]) close(fd)
    for (const descriptor of descriptors) close(descriptor)
  }
})
