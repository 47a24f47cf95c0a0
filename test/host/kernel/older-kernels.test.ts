import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { attachTracepoint, createCounter, createRing } from '../../../src/host/kernel/bpf.ts'
import { close } from '../../../src/host/libc.ts'
import { Btf } from '../../../src/kernel/btf.ts'
import { dropProgram } from '../../../src/kernel/drop-program.ts'
import { readLayout } from '../../../src/kernel/layout.ts'
import type { ProgramTarget } from '../../../src/kernel/program.ts'
import { resetProgram, retransmitProgram, stateProgram } from '../../../src/kernel/socket-program.ts'
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
