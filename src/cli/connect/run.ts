import { isIP } from 'node:net'
import { nanosSince, originNow } from '../../host/clock.ts'
import { unknownInterface } from '../../host/devices.ts'
import { interfaceFacts } from '../../host/interface-request.ts'
import { openKernelPlane } from '../../host/kernel/kernel-plane.ts'
import { exitNow } from '../../host/libc.ts'
import { currentNetns } from '../../host/netns.ts'
import { EvidenceLookup } from '../../host/sockets/evidence-lookup.ts'
import { Waiter } from '../../host/wait.ts'
import { SeriesCount } from '../../render/attempt.ts'
import { TraceClock } from '../../render/time.ts'
import { EXIT, UserError } from '../../user-error.ts'
import { parseAddress } from '../../wire/address.ts'
import { Pulse } from '../analysis/pulse.ts'
import { DEFAULT_MAX_FLOWS, DEFAULT_RING_MIB, DEFAULT_SNAPLEN } from '../capture-options.ts'
import type { ConnectOptions } from '../connect.ts'
import type { Io } from '../io.ts'
import { onSignals } from '../signals.ts'
import { noteLacks, runLive } from '../trace/live-run.ts'
import { LivePlanes, MEND } from '../trace/planes.ts'
import { makeAttempt } from './attempt.ts'
import { OwnJudge, ourselves } from './judge.ts'
import { ConnectReport } from './report.ts'
import { DnsAnswers, type Resolved, resolve } from './resolve.ts'
import { parseTarget, type Target } from './target.ts'
import { ConnectWatch } from './watch.ts'

/** Answers of DNS servers are on the wire before getaddrinfo() returns; they reach us within this (ms) and so many looks. */
const DNS_SETTLE_MS = 50
const DNS_LOOKS = 8
const NOTHING = { events: false, flows: false, verdicts: false, summary: false } as const

/** Runs the command and returns its exit code. */
export async function runConnect(
  text: string,
  portText: string | undefined,
  options: ConnectOptions,
  io: Io,
): Promise<number> {
  const target = parseTarget(text, portText)
  checkOptions(options)
  // The name under which we appear among the processes.
  process.title = 'socktrace'
  const run = new ConnectRun(target, options, io)
  await run.watched()
  // Nothing can end a getaddrinfo() that has begun, and the program would wait for it.
  if (run.isResolving) exitNow(run.exitCode())
  return run.exitCode()
}

class ConnectRun {
  readonly #target: Target
  readonly #options: ConnectOptions
  readonly #io: Io
  readonly #report: ConnectReport
  readonly #watch: ConnectWatch
  readonly #answers: DnsAnswers
  readonly #counted = new SeriesCount()
  #isEstablished = false
  /** The name is being asked for still, though nobody waits for it any more. */
  isResolving = false
  readonly #clock: TraceClock
  #pulse = new Pulse(() => {})
  #judge: OwnJudge | undefined
  #isInterrupted = false
  #failure: unknown

  constructor(target: Target, options: ConnectOptions, io: Io) {
    this.#target = target
    this.#answers = new DnsAnswers(target.host)
    this.#options = options
    this.#io = io
    this.#clock = new TraceClock(originNow())
    this.#report = new ConnectReport(io, options, () => this.#watch.clock ?? this.#clock)
    this.#watch = new ConnectWatch((seen) => this.#report.late(seen))
  }

  /** With every plane that can be watched; without the privilege to capture, the sockets alone. */
  async watched(): Promise<void> {
    const { engine, relinquishPrivileges, color, json } = this.#options
    const { port } = this.#target
    let hasBegun = false
    try {
      await runLive(
        `tcp port ${port} or icmp or icmp6 or port 53`,
        {
          engine,
          color,
          ...(json && { json }),
          ...(relinquishPrivileges !== undefined && { relinquishPrivileges }),
          timeFormat: 'local',
          proto: 'tcp',
          maxFlows: DEFAULT_MAX_FLOWS,
          snaplen: DEFAULT_SNAPLEN,
          bufferSize: DEFAULT_RING_MIB,
          promiscuous: engine === 'cap',
        },
        this.#io,
        undefined,
        {
          command: 'connect',
          selection: NOTHING,
          seesAll: true,
          leavesSignals: true,
          views: [(parts) => this.#watch.open(parts)],
          dns: (messages, server) => this.#answers.add(messages, server),
          tick: () => this.#pulse.beat(),
          dialler: (client, server) => (this.#watch.has(client, server) ? ourselves : undefined),
          begin: (stop, waiter, planes) => {
            hasBegun = true
            const { kernel } = planes
            if (!kernel.watched || kernel.unwatched?.includes('call')) this.#judge = new OwnJudge(planes)
            this.#whole(waiter).then(stop)
          },
        },
      )
    } catch (error) {
      if (hasBegun || !(error instanceof UserError) || error.exitCode !== EXIT.privilege) throw error
      await this.#unwatched(error)
    }
    if (this.#failure !== undefined) throw this.#failure
    this.#report.end(this.#counted.series())
    this.#io.flush()
  }

  exitCode(): number {
    return this.#isEstablished ? EXIT.fine : EXIT.finding
  }

  async #unwatched({ message, hint }: UserError): Promise<void> {
    const waiter = new Waiter()
    const kernel = openKernelPlane({ waiter, want: { state: 'failures' } })
    const planes = new LivePlanes({
      owners: { find: () => undefined },
      lookup: new EvidenceLookup(),
      kernel,
      netns: currentNetns(),
      seesAll: false,
    })
    planes.originSeconds = this.#clock.originSeconds
    this.#io.note(`packets are not watched: ${message}`)
    noteLacks(this.#io, kernel, undefined, kernel.mend ?? hint)
    const judge = new OwnJudge(planes, `${message}${MEND}`)
    this.#judge = judge
    let hasEnded = false
    this.#report.withoutCapture = true
    this.#whole(waiter).then(() => {
      hasEnded = true
      waiter.wake()
    })
    while (!hasEnded) {
      await waiter.wait()
      judge.drain()
      this.#pulse.beat()
    }
    planes.close()
    waiter.close()
  }

  /** Never rejects: what failed is thrown when everything is closed. */
  async #whole(waiter: Waiter): Promise<void> {
    this.#pulse = new Pulse(() => waiter.wake())
    let interrupt = (): void => {}
    const interrupted = new Promise<undefined>((resolve) => {
      interrupt = () => resolve(undefined)
    })
    const forget = onSignals(
      () => {
        this.#isInterrupted = true
        interrupt()
        waiter.wake()
      },
      () => this.#report.status(this.#counted.series()),
    )
    try {
      const started = performance.now()
      const addresses = await Promise.race([this.#resolve(), interrupted])
      if (addresses === undefined) {
        this.#io.note(`stopped while ${JSON.stringify(this.#target.host)} was being resolved`)
        return
      }
      this.#report.begin(this.#target, addresses, performance.now() - started)
      await this.#rounds(addresses, waiter)
    } catch (error) {
      this.#failure = error
    } finally {
      forget()
    }
  }

  #resolve(): Promise<Resolved[]> {
    this.isResolving = true
    return resolve(this.#target, this.#options, async () => {
      await this.#pulse.until(() => this.#answers.failure !== undefined, DNS_SETTLE_MS, DNS_LOOKS)
      return this.#answers.failure
    }).finally(() => {
      this.isResolving = false
    })
  }

  async #rounds(addresses: readonly Resolved[], waiter: Waiter): Promise<void> {
    const { count = 1, interval } = this.#options
    const name = isIP(this.#target.host.split('%')[0]!) === 0 ? this.#target.host : undefined
    const isInterrupted = (): boolean => this.#isInterrupted
    for (let round = 0; round < count && !isInterrupted(); round++) {
      const next = performance.now() + interval
      for (const address of addresses) {
        if (isInterrupted()) break
        const attempt = await makeAttempt({
          n: this.#counted.attempts + 1,
          address,
          port: this.#target.port,
          ...(name !== undefined && { name }),
          options: this.#options,
          clock: this.#clock,
          now: () => nanosSince(this.#clock.originSeconds),
          pulse: this.#pulse,
          waiter,
          watch: this.#watch,
          isInterrupted,
          ...(this.#judge && { judge: this.#judge }),
        })
        this.#counted.add(attempt.record)
        this.#isEstablished ||= attempt.record.outcome === 'established'
        this.#report.attempt(attempt.record, attempt.seen)
      }
      const pause = next - performance.now()
      if (round + 1 < count && pause > 0) await this.#pulse.until(isInterrupted, pause)
    }
  }
}

function checkOptions({ source, interface: iface, ipv4, ipv6 }: ConnectOptions): void {
  if (iface === '')
    throw new UserError('Cannot connect through an interface without a name', {
      hint: '`socktrace devices` lists the interfaces',
    })
  if (iface !== undefined && interfaceFacts(iface) === undefined)
    throw unknownInterface(iface, 'connect through')
  if (ipv4 && ipv6)
    throw new UserError('-4 and -6 exclude each other', { hint: 'leave both out for all addresses' })
  if (source !== undefined && parseAddress(source) === undefined)
    throw new UserError(`Cannot connect from ${JSON.stringify(source)}: it is not an address`, {
      hint: '--source takes an address of this machine, `ip addr` lists them',
    })
}
