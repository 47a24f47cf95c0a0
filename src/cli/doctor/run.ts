import { probeBpf, probeKernel, probeTracepoints } from '../../host/doctor/kernel.ts'
import { probeIproute2, probeNamespaces } from '../../host/doctor/lab.ts'
import type { Probe } from '../../host/doctor/probe.ts'
import { probeInetDiag, probeOwners, probeUnixDiag } from '../../host/doctor/sockets.ts'
import { probeCap, probeFilterCompiler, probeRing } from '../../host/doctor/wire.ts'
import { type Check, checkText } from '../../render/doctor.ts'
import { jsonLine } from '../../render/json-text.ts'
import { createStyle, wantsColor } from '../../render/style.ts'
import { processIo } from '../io.ts'
import type { CommonOptions } from '../options.ts'

interface Entry {
  readonly name: string
  readonly plane?: NonNullable<Check['plane']>
  readonly probe: () => Probe | Promise<Probe>
}

/** Everything that is tried, in the order in which it is shown. */
const CHECKS: readonly Entry[] = [
  { name: 'kernel', probe: probeKernel },
  { name: 'packet ring', plane: 'wire', probe: probeRing },
  { name: 'libpcap', plane: 'wire', probe: probeFilterCompiler },
  { name: 'cap engine', plane: 'wire', probe: probeCap },
  { name: 'sock_diag', plane: 'socket', probe: probeInetDiag },
  { name: 'unix_diag', plane: 'socket', probe: probeUnixDiag },
  { name: 'owners', plane: 'process', probe: probeOwners },
  { name: 'tracepoints', plane: 'kernel', probe: probeTracepoints },
  { name: 'BPF', plane: 'kernel', probe: probeBpf },
  { name: 'namespaces', probe: probeNamespaces },
  { name: 'iproute2', probe: probeIproute2 },
]

/** Tries everything and shows each result as it comes. What does not work is the answer, not a failure: exit 0. */
export async function runDoctor(options: CommonOptions): Promise<void> {
  const io = processIo(options.quiet)
  const style = createStyle(
    wantsColor({ choice: options.color, isTerminal: io.isTerminal, environment: io.env }),
  )
  const width = io.isTerminal ? io.columns : Number.POSITIVE_INFINITY
  for (const { name, plane, probe } of CHECKS) {
    const check: Check = { type: 'check', name, ...(plane && { plane }), ...(await probe()) }
    io.write(options.json ? jsonLine(check) : checkText(check, style, width))
    io.flush()
  }
}
