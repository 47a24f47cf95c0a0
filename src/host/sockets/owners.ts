import { ConnectionOwners } from '../../kernel/connection-owners.ts'
import { ListenCalls } from '../../kernel/listen-calls.ts'
import { ProcessNames } from '../../kernel/process-names.ts'
import type { ProcessTree } from '../../kernel/process-tree.ts'
import type { RecordedChange } from '../../kernel/recorded-change.ts'
import {
  CLOSE,
  LISTEN,
  type StateChange,
  StateEvent,
  SYN_SENT,
  stateFields,
} from '../../kernel/state-event.ts'
import {
  RECORD_COMM,
  RECORD_EXIT,
  RECORD_FORK,
  RECORD_LOST,
  RECORD_SAMPLE,
  type RecordCursor,
} from '../../kernel/trace-event.ts'
import type { TracedProcess } from '../../kernel/traced-process.ts'
import type { Attribution, ProcessRef } from '../../process-ref.ts'
import { parseAddress } from '../../wire/address.ts'
import { monotonicToRealtimeOffset } from '../clock.ts'
import { Tracefs } from '../kernel/tracefs.ts'
import { type DescriptorSet, kernelTime, monotonicNow, Tracepoints } from '../kernel/tracepoints.ts'
import { LocalAddresses } from '../local-addresses.ts'
import { isRefused, processEventsHint, tracepointHint } from '../mend.ts'
import { currentNetns } from '../netns.ts'
import { type ProcessImage, ProcessImages } from '../process/process-images.ts'
import { processRef } from '../process/process-ref.ts'
import { listPids, readComm } from '../process/procfs.ts'
import { DatagramOwners } from './datagram-owners.ts'
import { ForeignEnds } from './foreign-ends.ts'
import { ListenerOwners } from './listener-owners.ts'
import { type Ends, type Holder, SocketFinder } from './socket-finder.ts'

/** Only what ownership turns on: of the ten or so changes of a connection, four. */
const FILTER = `protocol==6 && (newstate==${SYN_SENT} || newstate==${LISTEN} || newstate==${CLOSE} || oldstate==${SYN_SENT})`

/** Nanoseconds between two rounds of forgetting. */
const HOUSEKEEPING = 1e9
/** Packets are analysed at most so long after they came, ns: then nobody asks of older ones. */
const LATEST = 60e9
/** The processor's time for finding the owners of listeners before the first packet, ms; what is left is found later. */
const PREPARE_MS = 250
/** Without kernel events an older packet may be of an earlier connection with the same ends, ns. */
const UNTRACED_LAG = 2e9

/** An end of a connection as packets name it. */
export interface End {
  readonly addr: string
  readonly port: number
}

export interface OwnersOptions {
  /** Is told the descriptors that become readable when the kernel has told something. */
  readonly waiter?: DescriptorSet
  /** The kernel plane's changes of state are shown to `see`: no tracepoint of its own is opened for them. */
  readonly seesStates?: boolean
  /** Default true; false leaves the kernel's events alone, so that short-lived processes are missed. */
  readonly tracepoints?: boolean
  /** Is told what processes are started, and when they end. */
  readonly tree?: ProcessTree
  /** The processor's time for finding the owners of listeners at once, ms; default 250. */
  readonly prepareMs?: number
}

/**
 * Who owns the ends of connections on this machine.
 *
 * With kernel events (CAP_PERFMON) the process of every connect() and listen() is exact, also when it lives only
 * a millisecond. Without them sockets are looked up while they exist. Never a guess: what is not certain is
 * `undefined`.
 */
export class Owners {
  /** What is missing, for the user to read, and how to get it. */
  readonly degraded: string[] = []
  mend: string | undefined
  /** How often records found no room: each time everything learnt from them is forgotten. */
  losses = 0
  readonly #tracepoints: Tracepoints | undefined
  readonly #event: StateEvent | undefined
  /** Changes of state are told, by whomever. */
  readonly #isTold: boolean
  readonly #names = new ProcessNames()
  readonly #images = new ProcessImages()
  readonly #connects: ConnectionOwners
  readonly #listens: ListenCalls
  readonly #listeners: ListenerOwners
  readonly #datagrams: DatagramOwners
  readonly #finder: SocketFinder
  readonly #foreign: ForeignEnds
  readonly #addresses = new LocalAddresses()
  readonly #tree: ProcessTree | undefined
  readonly #visit = (record: RecordCursor): void => this.#record(record)
  #housekeeping = 0
  /** The latest time that was asked about: packets up to then are analysed. */
  #asked = 0
  /** Since when the records are whole (their clock, ns); never without kernel events. */
  #since = Number.POSITIVE_INFINITY
  /** Epoch of the records' clock, ns: CLOCK_REALTIME − CLOCK_MONOTONIC. */
  #epoch = 0n
  #epochAt = Number.NEGATIVE_INFINITY

  constructor(options: OwnersOptions = {}) {
    const netns = currentNetns()
    this.#connects = new ConnectionOwners(netns)
    this.#listens = new ListenCalls(netns)
    this.#finder = new SocketFinder()
    this.#foreign = new ForeignEnds(this.#finder)
    const { seesStates = false } = options
    const opened = options.tracepoints === false ? undefined : this.#open(options.waiter, seesStates)
    this.#tree = options.tree
    if (opened === undefined) this.#tree?.lost()
    this.#tracepoints = opened?.tracepoints
    this.#event = opened?.event
    this.#isTold = opened !== undefined || seesStates
    if (this.#isTold) this.#since = monotonicNow()
    if (opened !== undefined) this.#learnNames()
    this.#listeners = new ListenerOwners(this.#finder, this.#listens, this.#names, this.#isTold)
    this.#datagrams = new DatagramOwners(this.#finder)
    this.#listeners.prepare(options.prepareMs ?? PREPARE_MS)
  }

  /** Reads what the kernel has told since last time; call it after packets were read, before they are analysed. */
  drain(): void {
    this.#finder.work()
    if (!this.#isTold) return
    if (this.#tracepoints?.drain(this.#visit) === false) this.#forgetAll()
    const now = monotonicNow()
    if (now - this.#housekeeping < HOUSEKEEPING) return
    this.#housekeeping = now
    // Not by the clock alone: on a crowded machine packets are analysed long after they came.
    const time = Math.max(this.#asked, now - LATEST)
    this.#connects.expire(time)
    this.#listens.expire(time)
  }

  /**
   * The process at the end `local` of a connection with `remote`, at the time of one of its packets;
   * `undefined` when that end is not on this machine or its owner is not known for certain.
   */
  find(
    proto: 'tcp' | 'udp',
    local: End,
    remote: End,
    role: 'client' | 'server',
    epochNanos: bigint | number,
  ): ProcessRef | undefined {
    const from = parseAddress(local.addr)
    const to = parseAddress(remote.addr)
    if (from === undefined || to === undefined) return undefined
    const ends: Ends = { local: from, localPort: local.port, remote: to, remotePort: remote.port }
    const time = this.#monotonic(epochNanos)
    if (time > this.#asked) this.#asked = time
    if (proto === 'udp') {
      const holder = this.#addresses.has(from) ? this.#datagrams.find(ends, time) : undefined
      return holder && this.#reference(holder)
    }
    const connect = this.#connects.connection(from, local.port, to, remote.port, time)
    if (connect?.process !== undefined) return this.#caller(connect.process, connect.netns, ends, time)
    if (!this.#addresses.has(from)) return this.#elsewhere(ends, role, time)
    const holder = role === 'server' ? this.#listeners.find(ends, time) : undefined
    if (holder !== undefined) return this.#reference(holder)
    return this.#connecting(ends, time) ?? this.#holder(ends, time)
  }

  /** A change of state that the kernel plane shows. Names come before: call `drain` first. */
  see(change: RecordedChange): void {
    const { oldState, newState, pid } = change
    if (newState !== SYN_SENT && newState !== LISTEN && newState !== CLOSE && oldState !== SYN_SENT) return
    const caller = isCall(change) ? this.#images.of(pid, this.#nameOf(change)) : undefined
    this.#state(change, change.time, caller)
  }

  /** Changes of state were lost: what was learnt from the others is not certain any more. */
  missed(): void {
    this.losses += 1
    this.#connects.clear()
    this.#listens.clear()
    this.#since = monotonicNow()
  }

  close(): void {
    this.#tracepoints?.close()
    this.#finder.close()
  }

  /** With `seesStates` only names and the life of processes are left to be told. */
  #open(
    waiter: DescriptorSet | undefined,
    seesStates: boolean,
  ): { tracepoints: Tracepoints; event: StateEvent | undefined } | undefined {
    const lack = seesStates
      ? 'processes that end early have the names of their threads: kernel events'
      : 'connections of short-lived processes have no owner: kernel events'
    try {
      if (seesStates) return { tracepoints: new Tracepoints([], waiter), event: undefined }
      const tracefs = new Tracefs()
      try {
        const format = tracefs.format('sock', 'inet_sock_set_state')
        const fields = format === undefined ? undefined : stateFields(format)
        if (format === undefined || fields === undefined) {
          this.degraded.push(`${lack} lack sock:inet_sock_set_state, which Linux has since 4.16`)
          return undefined
        }
        const tracepoints = new Tracepoints([{ id: format.id, filter: FILTER }], waiter)
        return { tracepoints, event: new StateEvent(fields) }
      } finally {
        tracefs.close()
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      this.degraded.push(`${lack} cannot be read (${String(error.code)})`)
      if (isRefused(error)) this.mend = seesStates ? processEventsHint() : tracepointHint()
      return undefined
    }
  }

  #record(record: RecordCursor): void {
    const { type } = record
    if (type === RECORD_SAMPLE) this.#sample(record)
    else if (type === RECORD_COMM) {
      const { pid, tid } = record
      this.#names.comm(tid, Buffer.from(record.comm).toString('utf8'))
      if (pid === tid) this.#images.forget(pid)
    } else if (type === RECORD_FORK) {
      const { pid, tid } = record
      this.#names.fork(pid, tid, record.parentTid)
      if (pid !== tid) return
      this.#images.forget(pid)
      this.#tree?.fork(pid, record.parentPid)
    } else if (type === RECORD_EXIT) {
      const { pid, tid } = record
      this.#names.exit(pid, tid, record.time)
      if (pid !== tid) return
      this.#images.forget(pid)
      this.#tree?.exit(pid)
    } else if (type === RECORD_LOST) this.#forgetAll()
  }

  #sample(record: RecordCursor): void {
    const event = this.#event
    if (event?.at(record.view, record.raw, record.rawLength) !== true) return
    const { pid } = record
    const caller = isCall(event) ? this.#images.of(pid, this.#names.of(pid)) : undefined
    this.#state(event, record.time, caller)
  }

  /**
   * The name that its first thread had then: what is known is of the last `drain`, before or after that. Another
   * thread's has to do for a process that has ended meanwhile.
   */
  #nameOf(change: RecordedChange): string {
    const known = this.#names.of(change.pid)
    if (known !== undefined && (!change.isFirstThread || change.isNamed(known))) return known
    return Buffer.from(change.comm).toString('utf8')
  }

  #state(change: StateChange, time: number, caller: ProcessImage | undefined): void {
    if (change.newState === LISTEN || change.oldState === LISTEN) this.#listens.state(change, time, caller)
    else this.#connects.state(change, time, caller)
  }

  /**
   * Who called connect(). One that was gone before its namespace could be read may have been in another, and the
   * connection here older than the records: then its socket is still held by somebody else.
   */
  #caller(process: TracedProcess, netns: number | null, ends: Ends, time: number): ProcessRef | undefined {
    const socket = netns === null ? this.#finder.connection(ends) : undefined
    if (socket === undefined || socket.inode === 0) return reference(process, 'tracepoint')
    const holder = this.#finder.holder(socket.inode, time)
    return holder && this.#reference(holder)
  }

  /** Nothing learnt so far is certain any more, but for changes of state that another shows; names are read anew. */
  #forgetAll(): void {
    if (this.#event === undefined) this.losses += 1
    else this.missed()
    this.#tree?.lost()
    this.#names.clear()
    this.#images.clear()
    this.#learnNames()
  }

  #learnNames(): void {
    for (const pid of listPids()) {
      const name = readComm(pid)
      if (name !== undefined) this.#names.learn(pid, name)
    }
  }

  /** connect() was seen, its port not yet: the socket with these ends must be held by one of the callers. */
  #connecting(ends: Ends, time: number): ProcessRef | undefined {
    const candidates = this.#connects.candidates(ends.local, ends.remote, ends.remotePort, time)
    if (candidates.length === 0) return undefined
    const socket = this.#finder.connection(ends)
    if (socket === undefined || socket.inode === 0) return undefined
    const callers = new Map(
      candidates.flatMap((connect) =>
        connect.process === undefined ? [] : [[connect.process.pid, connect]],
      ),
    )
    const holders = this.#finder.holdersAmong(socket.inode, [...callers.keys()])
    const connect = holders.length === 1 ? callers.get(holders[0]!) : undefined
    if (connect === undefined) return undefined
    if (candidates.filter(({ process }) => process === connect.process).length === 1)
      this.#connects.confirm(connect, ends.localPort)
    return reference(connect.process!, 'tracepoint')
  }

  /** A connection older than the records: its socket, if it is still there, and still there afterwards. */
  #holder(ends: Ends, time: number): ProcessRef | undefined {
    const now = monotonicNow()
    if (time < this.#since && now - time > UNTRACED_LAG) return undefined
    const { local, localPort, remote, remotePort } = ends
    // These ends were connected after the packet: what is there now is not what sent it.
    if (this.#connects.find(local, localPort, remote, remotePort, now) !== undefined) return undefined
    const socket = this.#finder.connection(ends)
    // Its connect() would be known, or is too young.
    if (socket === undefined || (this.#isTold && socket.state === 'SYN_SENT')) return undefined
    const holder = this.#finder.holder(socket.inode)
    if (holder === undefined) return undefined
    const after = this.#finder.connection(ends)
    if (after === undefined || after.inode !== socket.inode || after.cookie !== socket.cookie)
      return undefined
    return this.#reference(holder)
  }

  /** An end that is not in this namespace, but perhaps in another one of this machine. */
  #elsewhere(ends: Ends, role: 'client' | 'server', time: number): ProcessRef | undefined {
    const { local, localPort, remote, remotePort } = ends
    const caller = this.#connects.elsewhere(local, localPort, remote, remotePort, time)
    if (caller !== undefined) return reference(caller, 'tracepoint')
    const now = monotonicNow()
    if (time < this.#since && now - time > UNTRACED_LAG) return undefined
    if (!this.#listens.isSteady(localPort, time)) return undefined
    // These ends were connected after the packet: what is there now is not what sent it.
    if (this.#connects.elsewhere(local, localPort, remote, remotePort, now) !== undefined) return undefined
    const holder = this.#foreign.find(ends, role, time)
    return holder && this.#reference(holder)
  }

  #reference({ pid, attribution, seen }: Holder): ProcessRef | undefined {
    const image = this.#images.of(pid, this.#names.of(pid))
    return image && reference(image.comm === null ? seen : image, attribution)
  }

  /** The records' clock at a packet's time. The offset changes when the wall clock is set: measured every 100 ms. */
  #monotonic(epochNanos: bigint | number): number {
    const now = performance.now()
    if (now - this.#epochAt > 100) {
      this.#epoch = monotonicToRealtimeOffset()
      this.#epochAt = now
    }
    // As a number an epoch time is exact to 256 ns.
    const time =
      typeof epochNanos === 'bigint' ? Number(epochNanos - this.#epoch) : epochNanos - Number(this.#epoch)
    return kernelTime(time)
  }
}

/** Only these two changes are made by the calling process itself; others run in whoever was interrupted. */
function isCall({ oldState, newState }: StateChange): boolean {
  return (oldState === CLOSE && newState === SYN_SENT) || newState === LISTEN
}

function reference(image: ProcessImage, attribution: Attribution): ProcessRef {
  return processRef(image, attribution, image.details)
}
