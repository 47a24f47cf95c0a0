import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { RecordCursor } from '../../kernel/trace-event.ts'
import { PerfRing, type TracepointRequest } from './perf-ring.ts'

/** Whoever sleeps until a descriptor is readable (`wait.ts`). */
export interface DescriptorSet {
  add(fd: number): void
  remove(fd: number): void
}

/** Records of all CPUs, merged into the order of their time. */
export class Tracepoints {
  readonly #rings: PerfRing[] = []
  readonly #waiter: DescriptorSet | undefined
  readonly #active: PerfRing[] = []

  /** Throws `SystemError` (EACCES, EPERM without CAP_PERFMON); nothing stays open then. */
  constructor(requests: readonly TracepointRequest[], waiter?: DescriptorSet) {
    this.#waiter = waiter
    try {
      const online = onlineCpus()
      for (const cpu of online) this.#rings.push(new PerfRing(cpu, online.length, requests))
    } catch (error) {
      for (const ring of this.#rings) ring.close()
      throw error
    }
    for (const ring of this.#rings) waiter?.add(ring.fd)
  }

  /**
   * Visits every record up to now, oldest first. False when records may have been lost for want of room.
   *
   * What one CPU wrote after the ring of another was looked at is left for next time: else an effect could be
   * visited before its cause.
   */
  drain(visit: (record: RecordCursor) => void): boolean {
    const now = monotonicNow()
    const active = this.#active
    let complete = true
    active.length = 0
    for (const ring of this.#rings) {
      complete = ring.begin() && complete
      if (ring.cursor.next()) active.push(ring)
    }
    while (active.length > 0) {
      let first = 0
      for (let i = 1; i < active.length; i++)
        if (active[i]!.cursor.time < active[first]!.cursor.time) first = i
      const { cursor } = active[first]!
      if (cursor.time > now) break
      visit(cursor)
      if (!cursor.next()) active.splice(first, 1)
    }
    for (const ring of this.#rings) ring.end()
    return complete
  }

  close(): void {
    for (const ring of this.#rings) {
      this.#waiter?.remove(ring.fd)
      ring.close()
    }
    this.#rings.length = 0
  }
}

/** The kernel's CLOCK_MONOTONIC, ns: what records carry, without the offset of a time namespace. */
export function monotonicNow(): number {
  return kernelTime(Number(process.hrtime.bigint()))
}

let offset: number | undefined

/** This process's CLOCK_MONOTONIC as the kernel's own, ns: they differ in a time namespace only. */
export function kernelTime(monotonic: number): number {
  offset ??= namespaceOffset()
  return monotonic - offset
}

/** time_namespaces(7): `monotonic SECONDS NANOSECONDS`; 0 where there are none (before Linux 5.6). */
function namespaceOffset(): number {
  try {
    const [, seconds, nanos] =
      /^monotonic\s+(-?\d+)\s+(-?\d+)/m.exec(readFileSync('/proc/self/timens_offsets', 'latin1')) ?? []
    return Number(seconds ?? 0) * 1e9 + Number(nanos ?? 0)
  } catch {
    return 0
  }
}

/** Numbers of the CPUs that are on, from a list like `0-3,6`. */
function onlineCpus(): number[] {
  let text: string
  try {
    text = readFileSync('/sys/devices/system/cpu/online', 'latin1')
  } catch {
    return cpus().map((_, index) => index)
  }
  return text
    .trim()
    .split(',')
    .flatMap((range) => {
      const [from, to] = range.split('-').map(Number)
      return Array.from({ length: (to ?? from!) - from! + 1 }, (_, index) => from! + index)
    })
}
