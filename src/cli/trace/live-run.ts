import type { Endpoint } from '../../flow/event.ts'
import { NANOS_PER_MS, NANOS_PER_SECOND, type Nanos } from '../../flow/time.ts'
import type { Budget } from '../../host/budget.ts'
import { type KernelPlane, openKernelPlane } from '../../host/kernel/kernel-plane.ts'
import { currentNetns } from '../../host/netns.ts'
import { becomeUnprivileged, type Capability, dropPrivileges } from '../../host/privileges.ts'
import { inContainers } from '../../host/process/container-choice.ts'
import { ReaderWatch } from '../../host/reader-gone.ts'
import { EvidenceLookup } from '../../host/sockets/evidence-lookup.ts'
import { Owners } from '../../host/sockets/owners.ts'
import { readSysctl } from '../../host/sysctl.ts'
import { Waiter } from '../../host/wait.ts'
import type { ProcessTree } from '../../kernel/process-tree.ts'
import type { ProcessRef } from '../../process-ref.ts'
import type { DnsMessage } from '../../wire/dns.ts'
import { Analysis } from '../analysis/analysis.ts'
import { FlowProcesses } from '../analysis/flow-processes.ts'
import type { Selection } from '../analysis/report.ts'
import { loadViews, type OpenView } from '../analysis/views.ts'
import type { Io } from '../io.ts'
import { type KEPT, keptBy } from '../kept-privileges.ts'
import { onSignals } from '../signals.ts'
import type { TraceOptions } from '../trace.ts'
import { checkPackets, openPackets, readsHeadersOnly } from './packets.ts'
import { LivePlanes } from './planes.ts'

/** The kernel's own SYN retransmissions; `tcp_syn_linear_timeouts` came with Linux 6.5. */
function synLadder(): { retries: number; linear: number } {
  return {
    retries: readSysctl('net.ipv4.tcp_syn_retries') ?? 6,
    linear: readSysctl('net.ipv4.tcp_syn_linear_timeouts') ?? 0,
  }
}

function processChoice({
  pid = [],
  comm = [],
  container = [],
}: TraceOptions): ConstructorParameters<typeof FlowProcesses>[1] {
  if (pid.length === 0 && comm.length === 0 && container.length === 0) return undefined
  return { pids: new Set(pid), comms: new Set(comm), isContained: inContainers(container) }
}

function giveUp(user: string | undefined, kept: readonly Capability[]): void {
  if (user === undefined) dropPrivileges(kept)
  else becomeUnprivileged(user)
}

/** One line for each thing that is missing, and how to get it all. */
export function noteLacks(
  io: Io,
  kernel: KernelPlane,
  owners?: Pick<Owners, 'degraded' | 'mend'>,
  mend = kernel.mend ?? owners?.mend,
): void {
  // Where the kernel tells nothing at all, that is the reason for both.
  const lacks = [...kernel.degraded, ...(kernel.watched.state ? (owners?.degraded ?? []) : [])]
  for (const lack of lacks) io.note(lack)
  if (mend !== undefined) io.note(`for all of it ${mend}`)
}

/** Half of what verdicts wait for. Each read has its fixed costs, and whoever is watched has to make room for it. */
const FAILURES_BLOCK_MS = 24

/** Said once: a verdict says itself what is not known of its connection. */
const LOST =
  'the kernel told more than there was time to read: what it told of the connections of that moment is not whole'
const LESS = '--failures asks it for half as much'

/** What a command that makes its own traffic adds to a live run. */
export interface LiveExtras {
  /** Only connections of these processes are shown. */
  readonly tree?: ProcessTree
  /** Seen beside those that the options ask for. */
  readonly views?: readonly OpenView[]
  /** What is printed, in place of what the options choose. */
  readonly selection?: Selection
  /** The filter lets through whatever belongs to the connections that matter. */
  readonly seesAll?: true
  /** Is told DNS messages from port 53, and who sent them. */
  readonly dns?: (messages: readonly DnsMessage[], server: string) => void
  /** Is told what of the kernel is watched, and what is missing. */
  readonly kernel?: (plane: Pick<KernelPlane, 'degraded' | 'watched'>) => void
  /** Called once nothing can be missed any more, with all privileges still there; `stop` ends the run. */
  readonly begin: (stop: () => void, waiter: Waiter, planes: LivePlanes) => void
  /** Who opened a connection, where the command itself did. */
  readonly dialler?: (client: Endpoint, server: Endpoint) => ProcessRef | undefined
  /** Called after each wait, once what came was analysed. */
  readonly tick?: () => void
  /** Whose privileges are kept; those of `trace` unless given. */
  readonly command?: keyof typeof KEPT
  /** How long slow traffic gathers before it is read, ms. */
  readonly blockMs?: number
  /** Ring of the kernel plane, MiB. */
  readonly kernelRingMib?: number
  /** For what is asked of this machine when a connection has failed. */
  readonly evidenceBudget?: Budget
  /** Connections that are still open at the end are not judged, and get no records. */
  readonly endsAtOnce?: true
  /** The processor's time for finding the owners of listeners before the first packet, ms; the rest is found later. */
  readonly prepareMs?: number
  /** Kept on top of them. */
  readonly keep?: readonly Capability[]
  /** Where the output goes; 1 unless given. */
  readonly outputFd?: number
  /** It has something to say where no packets can be captured. */
  readonly goesWithout?: true
  /** SIGINT, SIGTERM and SIGHUP are not for us. */
  readonly leavesSignals?: true
}

/** A live run from the opened capture to its summary. `opened` is called once nothing can be missed any more. */
export async function runLive(
  filter: string,
  options: TraceOptions,
  io: Io,
  opened: () => Promise<void> = async () => {},
  extras?: LiveExtras,
): Promise<void> {
  const views = [...(await loadViews(options)), ...(extras?.views ?? [])]
  const waiter = new Waiter()
  const interfaces = options.interface ?? []
  const tree = extras?.tree
  // Of connections that go well the kernel's word is for other outputs: without it a busy machine costs half.
  const { failures, events, flows, packets } = options
  const state = extras === undefined && failures && !events && !flows && !packets ? 'failures' : 'all'
  const blockMs = extras?.blockMs ?? (state === 'failures' ? FAILURES_BLOCK_MS : undefined)
  const captured = await openPackets(options.engine, {
    interfaces,
    ...(filter === '' ? {} : { filter }),
    snaplen: options.snaplen,
    headersOnly: extras === undefined && readsHeadersOnly(options),
    promiscuous: options.promiscuous,
    ringMib: options.bufferSize,
    ...(blockMs && { blockMs }),
    waiter,
  })
  const { source, wire, lack } = captured
  const choice = tree === undefined ? processChoice(options) : { pids: tree, comms: new Set<string>() }
  // Whose connection it is matters then only once one has failed.
  const isLazy = state === 'failures' && choice === undefined && options.write === undefined
  const kernel = openKernelPlane({
    waiter,
    want: { state, onDemand: true, ...(isLazy && { lazy: true }) },
    ...(extras?.kernelRingMib && { ringMib: extras.kernelRingMib }),
  })
  const owners = new Owners({
    waiter,
    seesStates: kernel.showsStates,
    ...(tree && { tree }),
    ...(extras?.prepareMs !== undefined && { prepareMs: extras.prepareMs }),
  })
  const processes = new FlowProcesses(owners, choice)
  try {
    checkPackets(captured, kernel, {
      filter,
      options,
      goesWithout: extras?.goesWithout ?? extras === undefined,
    })
  } catch (error) {
    for (const opened of [source, kernel, owners, waiter]) opened.close()
    throw error
  }
  const planes = new LivePlanes({
    owners,
    lookup: new EvidenceLookup(extras?.evidenceBudget),
    kernel,
    ...(extras?.dialler && { dialler: extras.dialler }),
    netns: currentNetns(),
    wire,
    stampsLate: source.engine === 'cap',
    seesAll: (filter === '' || extras?.seesAll === true) && interfaces.length === 0,
  })
  const reader = new ReaderWatch(extras?.outputFd ?? 1)
  let isLossNoted = false
  /** Epoch milliseconds of the last read: whatever was older had been seen by then. */
  let readAt = 0
  const analysis = new Analysis({
    source,
    options,
    io,
    views,
    processes,
    planes,
    synLadder: synLadder(),
    ...(extras?.selection && { selection: extras.selection }),
    ...(extras?.endsAtOnce && { endsAtOnce: true }),
    ...(extras?.dns && { dns: extras.dns }),
    // Packets may have waited for longer than a case does: what the kernel told meanwhile is known before them.
    before() {
      readAt = Date.now()
      owners.drain()
      planes.originSeconds = source.originSeconds
      const lost = planes.drain((fact, at) => analysis.docket?.fact(fact, at))
      if (!lost) return
      analysis.docket?.factsLost((readAt * NANOS_PER_MS - source.originSeconds * NANOS_PER_SECOND) as Nanos)
      if (!isLossNoted) io.note(state === 'all' && extras === undefined ? `${LOST}; ${LESS}` : LOST)
      isLossNoted = true
    },
    after(packets) {
      if (packets === 0) {
        // What was found out since then took its time: packets may have come meanwhile.
        analysis.advance(readAt)
        if (reader.isGone()) analysis.pump.stop()
      }
      extras?.tick?.()
    },
  })
  planes.originSeconds = source.originSeconds
  analysis.docket?.begin(planes.now())
  const stop = (): void => {
    analysis.pump.stop()
    waiter.wake()
  }
  const forget = onSignals(extras?.leavesSignals ? undefined : stop, () => analysis.status())
  const timer = options.duration && setTimeout(stop, options.duration)
  try {
    if (extras === undefined)
      io.note(
        source.engine === 'none'
          ? 'listening to the kernel alone, without packets'
          : `listening on ${interfaces.length === 0 ? 'every interface' : interfaces.join(', ')}, engine ${source.engine}`,
      )
    if (lack !== undefined) io.note(`packets are not watched: ${lack.message}`)
    noteLacks(io, kernel, owners, kernel.mend ?? owners.mend ?? lack?.hint)
    extras?.kernel?.(kernel)
    extras?.begin(stop, waiter, planes)
    giveUp(options.relinquishPrivileges, [...keptBy(extras?.command ?? 'trace'), ...(extras?.keep ?? [])])
    await opened()
    await analysis.run(() => false)
  } finally {
    if (timer) clearTimeout(timer)
    forget()
    source.close()
    owners.close()
    planes.close()
    waiter.close()
  }
  if (source.failure !== undefined) throw source.failure
}
