import { release } from 'node:os'
import { CHANGES_OF_FAILURES } from '../../kernel/transitions.ts'
import { BpfPlane } from '../kernel/bpf-plane.ts'
import { Tracefs } from '../kernel/tracefs.ts'
import { Tracepoints } from '../kernel/tracepoints.ts'
import { grantCommand, tracepointCommand } from '../mend.ts'
import { readSysctl } from '../sysctl.ts'
import { isRefusal, type Probe, reasonOf } from './probe.ts'

/** Linux that has everything, and the oldest on which `list` and `trace` work. */
const FULL = [5, 10] as const
const OLDEST = [4, 18] as const

export function probeKernel(version = release()): Probe {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const isAtLeast = ([wantedMajor, wantedMinor]: readonly [number, number]): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
  if (isAtLeast(FULL)) return { status: 'ok', detail: `Linux ${version}` }
  const needs = `everything needs ${FULL.join('.')}`
  if (isAtLeast(OLDEST)) return { status: 'degraded', detail: `Linux ${version}: ${needs}` }
  return { status: 'missing', detail: `Linux ${version}: list and trace need ${OLDEST.join('.')}, ${needs}` }
}

/** Opens the tracepoint of socket state changes on every CPU, and closes it. */
export function probeTracepoints(): Probe {
  try {
    const tracefs = new Tracefs()
    try {
      const format = tracefs.format('sock', 'inet_sock_set_state')
      if (format === undefined)
        return { status: 'missing', detail: 'this kernel has no tracepoint sock:inet_sock_set_state' }
      new Tracepoints([{ id: format.id }]).close()
      return { status: 'ok', detail: 'state changes tell the exact process of each connection' }
    } finally {
      tracefs.close()
    }
  } catch (error) {
    const paranoid = readSysctl('kernel.perf_event_paranoid')
    const setting = paranoid === undefined ? '' : ` (kernel.perf_event_paranoid is ${paranoid})`
    const detail = `owners of short connections may be missed: ${reasonOf(error)}${setting}`
    return { status: 'missing', detail, ...(isRefusal(error) ? { mend: tracepointCommand() } : {}) }
  }
}

/** Attaches every BPF program of the kernel plane, and frees them. */
export function probeBpf(): Probe {
  try {
    const plane = new BpfPlane({
      transitions: CHANGES_OF_FAILURES,
      drops: true,
      onDemand: false,
      waiter: undefined,
    })
    plane.close()
    if (plane.degraded.length > 0) {
      const mend = plane.mend === undefined ? {} : { mend: tracepointCommand() }
      return { status: 'degraded', detail: plane.degraded.join('; '), ...mend }
    }
    return {
      status: 'ok',
      detail: 'dropped packets with the reason, calls that fail at once, each with its namespace',
    }
  } catch (error) {
    const detail = `dropped packets and namespaces are not told: ${reasonOf(error)}`
    return {
      status: 'missing',
      detail,
      ...(isRefusal(error) && { mend: grantCommand(['cap_bpf', 'cap_perfmon']) }),
    }
  }
}
