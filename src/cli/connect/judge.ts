import { CounterLog, type CounterSnapshot } from '../../diagnose/counter-log.ts'
import type { Evidence } from '../../diagnose/evidence.ts'
import { judge } from '../../diagnose/judge.ts'
import { KernelTrace } from '../../diagnose/kernel-evidence.ts'
import { KernelLedger, keyOf } from '../../diagnose/kernel-ledger.ts'
import { RECORDS_LOST } from '../../diagnose/tell-kernel.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import { WireTrouble } from '../../diagnose/wire-evidence.ts'
import type { Endpoint } from '../../flow/event.ts'
import type { Nanos } from '../../flow/time.ts'
import type { ProcessRef } from '../../process-ref.ts'
import type { LivePlanes } from '../trace/planes.ts'

/** An attempt that failed, as the program that made it knows it. */
export interface Failed {
  readonly client: Endpoint | undefined
  readonly server: Endpoint
  readonly error: string
  /** connect() returned it without waiting. */
  readonly immediate: boolean
  /** connect() itself said so; else it was given up. */
  readonly final: boolean
  readonly at: Nanos
}

/** This process, as the client of its own connections. */
export const ourselves: ProcessRef = { pid: process.pid, comm: 'socktrace', attribution: 'procfs' }

/** Judges an attempt of which no packet was seen: by connect()'s own result, the kernel's word and the socket tables. */
export class OwnJudge {
  readonly #planes: LivePlanes
  readonly #ledger: KernelLedger
  /** Our latest call that failed at once. */
  #call: KernelTrace | undefined
  /** Records of the kernel were lost since the latest verdict: its silence proves nothing. */
  #hasLost = false
  readonly #wire: Evidence['wire']
  readonly #counters: CounterLog
  /** Those of before the latest attempts. */
  #before: CounterSnapshot

  /** `whyNoPackets` are not watched, with the mend; absent when they are, and there were none. */
  constructor(planes: LivePlanes, whyNoPackets?: string) {
    this.#planes = planes
    this.#ledger = new KernelLedger(planes)
    this.#wire =
      whyNoPackets === undefined ? new WireTrouble().withoutFlow : { watched: false, why: whyNoPackets }
    this.#counters = new CounterLog((netns) => planes.counters(netns), {
      own: planes.netns,
      clock: () => planes.now(),
    })
    this.#before = this.#readCounters()
  }

  /** Takes in what the kernel has told since last time; where nobody else does. */
  drain(): void {
    const hasLost = this.#planes.drain((fact, at) => {
      const trace = this.#ledger.take(fact, at)
      if (fact.fact === 'call' && fact.pid === process.pid) this.#call = trace
    })
    if (!hasLost) return
    this.#ledger.clear()
    this.#hasLost = true
  }

  verdict({ client, server, error, immediate, final, at }: Failed): Verdict | undefined {
    const planes = this.#planes
    const nobody = { addr: server.addr.includes(':') ? '::' : '0.0.0.0', port: 0 }
    const ends = { proto: 'tcp' as const, client: client ?? nobody, server }
    const called = this.#call?.key === keyOf('tcp', ends.client, server) ? this.#call : undefined
    const trace = (immediate ? called : undefined) ?? this.#ledger.find('tcp', ends.client, server)
    const query = { ...ends, start: at, now: at, netns: trace?.netns(ends.client) ?? {} }
    const here = { client: true, server: planes.here(query).server }
    const finding = judge({
      ...ends,
      now: at,
      ended: final,
      ...(!final && { finishing: true }),
      result: { error, ...(immediate && { immediate: true as const }) },
      here,
      process: { watched: true, client: ourselves },
      wire: this.#wire,
      socket: planes.socket(query),
      kernel: this.#kernel(trace, ends.client, server, at),
    })
    this.#hasLost = false
    this.#before = this.#readCounters()
    return finding && { type: 'verdict', at, ...ends, process: { client: ourselves }, final, ...finding }
  }

  #kernel(told: KernelTrace | undefined, client: Endpoint, server: Endpoint, at: Nanos): Evidence['kernel'] {
    const { kernel } = this.#planes
    if (!kernel.watched) return kernel
    if (told === undefined && this.#hasLost) return { watched: false, why: RECORDS_LOST }
    const trace = told ?? new KernelTrace('tcp', keyOf('tcp', client, server), [client, server], at)
    const { unwatched } = kernel
    const netns = trace.netns(client)
    const counters = this.#counters.since(this.#before, netns)
    return { watched: true, ...trace.evidence(client, { netns, counters, unwatched }) }
  }

  #readCounters(): CounterSnapshot {
    const now = this.#planes.now()
    this.#counters.look(now)
    return this.#counters.before(now, [])
  }
}
