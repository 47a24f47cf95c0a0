import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { sniffCapture } from '../../capture/sniff.ts'
import type { FlowPart } from '../../flow/tracker.ts'
import type { OtherFlows } from '../analysis/other-flows.ts'
import { selectionOf } from '../analysis/report.ts'
import { wantsViews } from '../analysis/views.ts'
import { wantsStreams } from '../follow/option.ts'
import type { ReadOptions } from '../read.ts'
import { Lead } from './lead.ts'

/** A thread takes 50 ms to start and as long until its code is fast: as much as this takes to read in one thread. */
const LEAST_BYTES = 32 * 1024 * 1024
/** The other thread begins later, and so gets less than half. */
const OWN: FlowPart = { from: 0, to: 8 }
const OTHERS: FlowPart = { from: OWN.to, to: 16 }
/** As it stands in the bundle. The one executable has no second file, and no second thread. */
const PROGRAM = new URL('./read/half-thread.js', import.meta.url)

/** What the thread is started with. */
export interface HalfTask {
  /** An open file. */
  readonly fd: number
  readonly path: string
  readonly part: FlowPart
  readonly maxFlows: number
  readonly count?: number
  readonly memory: SharedArrayBuffer
}

/**
 * A second thread that follows the flows which this one leaves out. Both read the whole file, since what a packet is of is
 * known only from its headers; what takes most of the time, following flows, is shared. Used where nothing is printed
 * but how much there was: what flows give in their order would have to be put in order again.
 *
 * It stays behind this thread, and so analyses the same packets, wherever this one stops.
 */
export class OtherHalf implements OtherFlows {
  /** The flows that this thread is to follow. */
  readonly part: FlowPart = OWN
  /** The file, for whoever begins again. */
  readonly fd: number
  readonly #path: string
  readonly #options: ReadOptions
  readonly #lead = new Lead()
  #ended: Promise<boolean> | undefined

  private constructor(fd: number, path: string, options: ReadOptions) {
    this.fd = fd
    this.#path = path
    this.#options = options
  }

  /** `undefined` where it is of no use. */
  static open(paths: readonly string[], options: ReadOptions): OtherHalf | undefined {
    if (!suits(paths, options) || availableParallelism() < 2 || !existsSync(PROGRAM)) return undefined
    const path = paths[0]!
    return new OtherHalf(openSync(path, 'r'), path, options)
  }

  /** Call it when privileges are given up: a thread that runs then would be left without those it needs to load. */
  start(): void {
    const { count, maxFlows } = this.#options
    const task: HalfTask = {
      fd: this.fd,
      path: this.#path,
      part: OTHERS,
      maxFlows,
      memory: this.#lead.memory,
      ...(count === undefined ? {} : { count }),
    }
    const worker = new Worker(PROGRAM, { workerData: task })
    this.#ended = new Promise((resolve) => {
      worker.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0))
    })
  }

  /** This thread is about to analyse another `packets`. */
  before(packets: number): void {
    this.#lead.advance(packets)
  }

  /** Flows that it has seen so far. */
  get flows(): number {
    return this.#lead.flows
  }

  /**
   * This thread is done, with `flows` of its own. False when the halves do not make a whole: the other thread failed, or
   * together they saw more flows than one may hold, so that one alone would have given up some.
   */
  async finish(flows: number): Promise<boolean> {
    this.#lead.end()
    return (await this.#ended) === true && flows + this.flows <= this.#options.maxFlows
  }

  /** To be called last. */
  close(): void {
    this.#lead.end()
    // The other thread may still read.
    void Promise.resolve(this.#ended).then(() => closeSync(this.fd))
  }
}

/** Whether these files are one that is large and not compressed, of which nothing is printed but the summary. */
export function suits(paths: readonly string[], options: ReadOptions): boolean {
  const [path] = paths
  if (path === undefined || path === '-' || paths.length > 1 || !isOnlyCounted(options)) return false
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isFile() === true && stats.size >= LEAST_BYTES && isPlain(path)
}

/** An ICMP flow depends on another, the one that its errors quote: those are left to one thread. */
function isOnlyCounted(options: ReadOptions): boolean {
  const { events, flows, verdicts, summary } = selectionOf(options, options.json === true)
  const more = events || flows || verdicts || wantsViews(options) || wantsStreams(options)
  const { write, packets, filter, followFile, proto } = options
  return summary && !more && proto === 'tcp' && !(write ?? packets ?? filter ?? followFile)
}

function isPlain(path: string): boolean {
  const start = new Uint8Array(4)
  const fd = openSync(path, 'r')
  readSync(fd, start, 0, start.length, 0)
  closeSync(fd)
  const format = sniffCapture(start)
  return format === 'pcap' || format === 'pcapng'
}
