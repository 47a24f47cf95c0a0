import { setImmediate as loopTurn, setTimeout as pause } from 'node:timers/promises'
import type { PacketBatch } from '../../capture/batch.ts'
import { Duplicates } from '../../capture/duplicates.ts'
import { type CaptureCounters, type CaptureInterface, END } from '../../capture/source.ts'
import type { UserError } from '../../user-error.ts'
import { originNow } from '../clock.ts'
import { deviceNames, interfaceDrops, isUp } from '../devices.ts'
import * as libc from '../libc.ts'
import type { Waiter } from '../wait.ts'
import { isEveryInterface, type LiveOptions, type LiveSource } from './live-source.ts'
import { boundIndex, ENETDOWN, socketError, vanishedInterface } from './packet-socket.ts'
import { attachProgram, refuseEverything } from './ring-program.ts'
import { RingReader } from './ring-read.ts'
import {
  openPacketRing,
  type PacketRing,
  promiscuousRequest,
  RETIRE_MS,
  SOL_PACKET,
  setOption,
} from './ring-setup.ts'

const PACKET_DROP_MEMBERSHIP = 2
const PACKET_STATISTICS = 6
const SIOCGIFNAME = 0x8910
/** Longest run without a turn of the event loop, milliseconds: keys, signals and timers wait no longer. */
const TURN_MS = 4
/**
 * More packets than this since the last wait, and the next one is a plain sleep of a block's time: whoever is asleep is
 * not woken for each block that fills up meanwhile. A wake by way of poll and its thread takes 0.1 ms of a busy machine.
 */
const MANY = 32
/** How often a downed interface is looked at, milliseconds: only its removal ends the capture. */
const DOWN_MS = 20
/** The block that was open when an interface vanished is handed over this long after its time, or sooner. */
const LAST_BLOCK_MS = 12
/** The kernel counts in 32 bits between two reads: at 14 M packets/s they last five minutes. */
const STATISTICS_MS = 60_000

/** Live capture from AF_PACKET rings. Throws `UserError`, see `openPacketRing`. */
export function openRing(options: LiveOptions): LiveSource {
  const every = isEveryInterface(options.interfaces)
  const names = every ? [undefined] : [...new Set(options.interfaces)]
  const rings: PacketRing[] = []
  try {
    for (const name of names) rings.push(openPacketRing(name, options))
  } catch (error) {
    for (const ring of rings) closeRing(ring)
    throw error
  }
  return new RingSource(rings, options)
}

/** One ring for every interface, or one for each named one, read in turn. */
class RingSource implements LiveSource {
  readonly engine = 'ring'
  readonly timestamps = 'kernel'
  readonly interfaces: CaptureInterface[] = []
  readonly originSeconds = originNow()
  failure: UserError | undefined
  readonly #waiter: Waiter
  readonly #readers: readonly RingReader[]
  /** Row in `interfaces` of each interface index met. */
  readonly #rows = new Map<number, number>()
  readonly #watched: readonly string[]
  readonly #dropsAtStart: number | undefined
  readonly #down = new Set<PacketRing>()
  readonly #blockMs: number
  #received = 0
  #dropped = 0
  #turn = 0
  /** Packets since the last wait. */
  #gathered = 0
  #statisticsAt = performance.now()
  /** Reader whose block is borrowed, and who comes after it next time. */
  #current = 0
  #closed = false

  constructor(rings: readonly PacketRing[], { waiter, blockMs = RETIRE_MS }: LiveOptions) {
    this.#waiter = waiter
    this.#blockMs = blockMs
    const severalInterfaces = rings.length > 1 || rings[0]!.name === undefined
    const duplicates = severalInterfaces ? new Duplicates() : undefined
    this.#readers = rings.map(
      (ring) => new RingReader(ring, this.originSeconds, (index) => this.#row(ring, index), duplicates),
    )
    for (const ring of rings) {
      if (ring.name !== undefined) this.#row(ring, ring.index)
      waiter.add(ring.fd)
    }
    this.#watched = rings.flatMap((ring) => (ring.name === undefined ? deviceNames() : [ring.name]))
    this.#dropsAtStart = this.#interfaceDrops()
  }

  async read(batch: PacketBatch): Promise<number> {
    batch.count = 0
    this.#readers[this.#current]!.handBack()
    if (performance.now() - this.#turn > TURN_MS) await this.#giveTurn()
    if (this.#closed) return END
    const count = this.#take(batch)
    if (count > 0) return count
    if (this.failure !== undefined) return END
    await this.#sleep()
    this.#turn = performance.now()
    if (this.#closed) return END
    const late = this.#take(batch)
    if (late > 0 || !this.#lookForVanished()) return late
    await pause(this.#blockMs + LAST_BLOCK_MS)
    if (this.#closed) return END
    return this.#take(batch)
  }

  counters(): CaptureCounters {
    if (!this.#closed) this.#readStatistics()
    const drops = this.#interfaceDrops()
    return {
      received: this.#received,
      droppedKernel: this.#dropped,
      droppedInterface:
        drops === undefined || this.#dropsAtStart === undefined
          ? undefined
          : Math.max(0, drops - this.#dropsAtStart),
    }
  }

  close(): void {
    if (this.#closed) return
    this.#readStatistics()
    this.#closed = true
    for (const { ring } of this.#readers) {
      this.#waiter.remove(ring.fd)
      closeRing(ring)
    }
  }

  /** The next block of whichever ring has one, in turn, skipping blocks with nothing but copies. */
  #take(batch: PacketBatch): number {
    for (let tried = 0; tried < this.#readers.length; tried++) {
      this.#current = (this.#current + 1) % this.#readers.length
      const reader = this.#readers[this.#current]!
      while (reader.ready) {
        const count = reader.take(batch)
        this.#gathered += count
        if (count > 0) return count
      }
    }
    return 0
  }

  /** Until there may be packets, or something else that the waiter is asked to look for. */
  async #sleep(): Promise<void> {
    const isBusy = this.#gathered > MANY
    this.#gathered = 0
    if (isBusy) await pause(this.#blockMs)
    else await this.#waiter.wait(this.#down.size > 0 ? DOWN_MS : undefined)
  }

  async #giveTurn(): Promise<void> {
    await loopTurn()
    this.#turn = performance.now()
    if (this.#turn - this.#statisticsAt > STATISTICS_MS) this.#readStatistics()
  }

  #row(ring: PacketRing, index: number): number {
    const known = this.#rows.get(index)
    if (known !== undefined) return known
    const row = this.interfaces.length
    const name = index === ring.index ? ring.name : interfaceName(ring.fd, index)
    this.interfaces.push({ name, linkType: ring.linkType, snaplen: ring.snaplen })
    this.#rows.set(index, row)
    return row
  }

  /** The kernel's counters are cleared by reading them: add up. */
  #readStatistics(): void {
    this.#statisticsAt = performance.now()
    const statistics = new Uint8Array(12)
    const length = new Uint8Array(Uint32Array.of(statistics.length).buffer)
    const view = new DataView(statistics.buffer)
    for (const { ring } of this.#readers) {
      if (libc.getsockopt(ring.fd, SOL_PACKET, PACKET_STATISTICS, statistics, length) === -1) continue
      this.#received += view.getUint32(0, true)
      this.#dropped += view.getUint32(4, true)
    }
  }

  #interfaceDrops(): number | undefined {
    const counts = this.#watched.map(interfaceDrops).filter((count) => count !== undefined)
    return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0)
  }

  /** An interface that goes down may come back; one that is removed ends the capture once the rings are empty. */
  #lookForVanished(): boolean {
    for (const { ring } of this.#readers) {
      if (ring.name === undefined) continue
      if (socketError(ring.fd) === ENETDOWN) this.#down.add(ring)
      if (!this.#down.has(ring)) continue
      if (boundIndex(ring.fd) !== ring.index) this.failure = vanishedInterface(ring.name)
      else if (isUp(ring.name)) this.#down.delete(ring)
    }
    return this.failure !== undefined
  }
}

/**
 * The mapping keeps the socket alive after `close`, so it is made deaf first: a filter that lets nothing through,
 * and no promiscuous mode left behind.
 */
function closeRing(ring: PacketRing): void {
  attachProgram(ring.fd, refuseEverything())
  try {
    if (ring.promiscuous) setOption(ring.fd, PACKET_DROP_MEMBERSHIP, promiscuousRequest(ring.index))
  } catch {
    // The interface is gone, and its mode with it.
  }
  libc.close(ring.fd)
}

/** Name of an interface as the socket's own namespace knows it; `undefined` when it is gone already. */
function interfaceName(fd: number, index: number): string | undefined {
  const request = new Uint8Array(40)
  new DataView(request.buffer).setInt32(16, index, true)
  if (libc.ioctlPointer(fd, SIOCGIFNAME, request) === -1) return undefined
  return new TextDecoder().decode(request.subarray(0, request.indexOf(0)))
}
