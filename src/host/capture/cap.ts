import { closeSync, openSync } from 'node:fs'
import type { Cap } from 'cap'
import type { PacketBatch } from '../../capture/batch.ts'
import { LINK_ETHERNET, LINK_LINUX_SLL, LINK_NULL, LINK_RAW } from '../../capture/link-type.ts'
import { type CaptureCounters, type CaptureInterface, END } from '../../capture/source.ts'
import { EXIT, UserError } from '../../user-error.ts'
import { nanosSince, originNow } from '../clock.ts'
import { deviceNames, unknownInterface } from '../devices.ts'
import * as libc from '../libc.ts'
import { grantHint } from '../mend.ts'
import type { Waiter } from '../wait.ts'
import { openGuarded } from './cap-guard.ts'
import { isEveryInterface, type LiveOptions, type LiveSource } from './live-source.ts'
import { boundIndex, ENETDOWN, socketError, vanishedInterface } from './packet-socket.ts'

/** Largest packet that `cap` hands over; it asks libpcap for this snaplen whatever we want. */
const MAX_PACKET = 65_535
/** Packets are gathered in pieces of this size between two reads. */
const GATHER_BYTES = 2 * 1024 * 1024
/** A reader that waits gets what is there once this much is, without a turn of the event loop. */
const HURRY_BYTES = GATHER_BYTES / 2

const LINK_TYPES: Readonly<Record<string, number>> = {
  ETHERNET: LINK_ETHERNET,
  LINKTYPE_LINUX_SLL: LINK_LINUX_SLL,
  NULL: LINK_NULL,
  RAW: LINK_RAW,
}

/**
 * Everything that the native side points into. It keeps a raw pointer to the buffer and, after `close`, its poll
 * handle in the event loop's list, but no reference to either object: collected, they would corrupt the heap.
 */
const pinned: unknown[] = []

/**
 * Live capture through libpcap and the `cap` package: the portable engine. It gives no time of its own (packets
 * are stamped on delivery), no length on the wire beyond 65 535 bytes and no drop counters.
 *
 * Rejects with `UserError`: package missing (exit 5), no privilege (3), unknown interface, bad filter, or an
 * option that `cap` cannot honour (2).
 */
export async function openCap(options: LiveOptions): Promise<LiveSource> {
  const every = isEveryInterface(options.interfaces)
  if (!options.promiscuous && !every)
    throw new UserError('Cannot capture without promiscuous mode through cap', {
      hint: 'use --engine ring',
      exitCode: EXIT.usage,
    })
  const { Cap: Handle } = await loadModule()
  for (const name of every ? [] : options.interfaces)
    if (process.platform === 'linux' && !deviceNames().includes(name)) throw unknownInterface(name)
  const names = every ? [everyDevice(Handle)] : [...new Set(options.interfaces)]
  const source = new CapSource(options.snaplen, options.waiter)
  try {
    for (const name of names) source.open(new Handle(), name, options)
  } catch (error) {
    source.close()
    throw error
  }
  return source
}

class CapSource implements LiveSource {
  readonly engine = 'cap'
  readonly timestamps = 'delivery'
  readonly interfaces: CaptureInterface[] = []
  readonly originSeconds = originNow()
  failure: UserError | undefined
  readonly #snaplen: number
  readonly #waiter: Waiter
  readonly #handles: Cap[] = []
  readonly #sockets: { readonly name: string; socket: number; readonly index: number; down: boolean }[] = []
  #gathered = new Gathered()
  /** What the last `read` lent out. */
  #lent = new Gathered()
  #received = 0
  #lost = 0
  #closed = false
  /** Ends the wait of a pending `read`. */
  #wake: (() => void) | undefined

  constructor(snaplen: number, waiter: Waiter) {
    this.#snaplen = snaplen
    this.#waiter = waiter
  }

  /** Starts a handle; its packets arrive from the event loop. */
  open(handle: Cap, name: string, { filter = '', ringMib }: LiveOptions): void {
    const buffer = Buffer.alloc(MAX_PACKET)
    pinned.push(handle, buffer)
    const { result: linkName, socket } = openGuarded(() =>
      openHandle(handle, name, filter, ringMib * 1024 * 1024, buffer),
    )
    this.#handles.push(handle)
    if (socket !== undefined) this.#sockets.push({ name, socket, index: boundIndex(socket), down: false })
    const linkType = LINK_TYPES[linkName]
    if (linkType === undefined)
      throw new UserError(`Cannot capture on ${name}: its packets have an unknown form (${linkName})`, {
        hint: 'use --engine ring',
        exitCode: EXIT.usage,
      })
    const row = this.interfaces.push({ name, linkType, snaplen: this.#snaplen }) - 1
    handle.on('packet', (length) => this.#packet(buffer, length, row))
  }

  async read(batch: PacketBatch): Promise<number> {
    batch.count = 0
    if (this.#gathered.count === 0 && !this.#closed && this.failure === undefined) await this.#wait()
    if (this.#closed) return END
    if (this.#gathered.count === 0) {
      if (this.failure !== undefined) return END
      this.#lookForVanished()
    }
    const full = this.#gathered
    this.#gathered = this.#lent
    this.#lent = full
    this.#gathered.clear()
    full.fill(batch)
    return batch.count
  }

  counters(): CaptureCounters {
    return {
      received: this.#received,
      droppedKernel: this.#lost === 0 ? undefined : this.#lost,
      droppedInterface: undefined,
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const handle of this.#handles) handle.close()
    for (const { socket } of this.#sockets) libc.close(socket)
    this.#wake?.()
  }

  /** As in the ring: down may be for a while, gone is the end. */
  #lookForVanished(): void {
    for (const guarded of this.#sockets) {
      guarded.down ||= socketError(guarded.socket) === ENETDOWN
      if (guarded.down && boundIndex(guarded.socket) !== guarded.index)
        this.failure = vanishedInterface(guarded.name)
    }
  }

  #packet(buffer: Uint8Array, length: number, row: number): void {
    this.#received++
    const kept = Math.min(length, this.#snaplen)
    if (!this.#gathered.add(buffer, kept, length, nanosSince(this.originSeconds), row)) this.#lost++
    if (this.#wake === undefined) return
    // The first packet ends the poll, so that what comes with it is read together; while packets come without
    // a pause the event loop stands still, and only the reader's promise gets through.
    if (this.#gathered.count === 1) this.#waiter.wake()
    else if (this.#gathered.bytesUsed > HURRY_BYTES) this.#wake()
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
      this.#waiter.wait().then(() => this.#wake?.(), reject)
    })
  }
}

/** Copies of packets, one behind the other, with the rows that will become a batch. */
class Gathered {
  readonly #bytes = new Uint8Array(GATHER_BYTES)
  readonly #view = new DataView(this.#bytes.buffer)
  readonly #rows: number[] = []
  bytesUsed = 0
  count = 0

  clear(): void {
    this.bytesUsed = 0
    this.count = 0
    this.#rows.length = 0
  }

  /** False when there is no room: the reader is too slow. */
  add(buffer: Uint8Array, kept: number, original: number, time: number, iface: number): boolean {
    if (this.bytesUsed + kept > GATHER_BYTES) return false
    this.#bytes.set(buffer.subarray(0, kept), this.bytesUsed)
    this.#rows.push(this.bytesUsed, kept, original, time, iface)
    this.bytesUsed += kept
    this.count++
    return true
  }

  fill(batch: PacketBatch): void {
    const rows = this.#rows
    batch.reset(this.#bytes, this.#view)
    for (let at = 0; at < rows.length; at += 5)
      batch.push(rows[at]!, rows[at + 1]!, rows[at + 2]!, rows[at + 3]!, rows[at + 4]!)
  }
}

async function loadModule(): Promise<{ readonly Cap: typeof Cap }> {
  try {
    return (await import('cap')).default
  } catch (error) {
    throw new UserError(
      'Cannot capture through cap: the optional package "cap" is not installed or not built',
      {
        hint: 'use --engine ring, or install libpcap headers and a compiler, then npm install cap',
        exitCode: EXIT.internal,
        cause: error,
      },
    )
  }
}

function everyDevice(cap: typeof Cap): string {
  if (process.platform === 'linux') return 'any'
  const device = cap.findDevice()
  if (device !== undefined) return device
  throw new UserError('Cannot capture: libpcap finds no interface', {
    hint: grantHint(['cap_net_raw']),
    exitCode: EXIT.privilege,
  })
}

/** Opens one handle, and says what libpcap's words mean. */
function openHandle(handle: Cap, name: string, filter: string, bytes: number, buffer: Buffer): string {
  try {
    return quietly(() => handle.open(name, filter, bytes, buffer))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (/permission|not permitted/i.test(reason))
      throw new UserError(`Cannot capture on ${name}: no permission to open a packet socket`, {
        hint: grantHint(['cap_net_raw']),
        exitCode: EXIT.privilege,
        cause: error,
      })
    if (/no such device|doesn't exist/i.test(reason)) throw unknownInterface(name)
    if (filter === '')
      throw new UserError(`Cannot capture on ${name}: ${reason}`, { exitCode: EXIT.usage, cause: error })
    throw new UserError(
      `Cannot use filter ${JSON.stringify(filter)}: ${reason.replace(/^can't parse filter expression: /, '')}`,
      { hint: 'the language is that of tcpdump: see pcap-filter(7)', exitCode: EXIT.usage, cause: error },
    )
  }
}

/** `cap` prints a warning to stderr for every interface without an IPv4 address, though nothing is wrong. */
function quietly<T>(body: () => T): T {
  const nowhere = openSync('/dev/null', 'w')
  const stderr = libc.dup(2)
  libc.dup2(nowhere, 2)
  try {
    return body()
  } finally {
    libc.dup2(stderr, 2)
    libc.close(stderr)
    closeSync(nowhere)
  }
}
