import { openCap } from '../../host/capture/cap.ts'
import type { LiveOptions, LiveSource } from '../../host/capture/live-source.ts'
import { NoPackets } from '../../host/capture/no-packets.ts'
import { openRing } from '../../host/capture/ring.ts'
import type { KernelPlane } from '../../host/kernel/kernel-plane.ts'
import { EXIT, UserError } from '../../user-error.ts'
import { wantsViews } from '../analysis/views.ts'
import { DEFAULT_SNAPLEN, type EngineChoice } from '../capture-options.ts'
import { wantsStreams } from '../follow/option.ts'
import type { TraceOptions } from '../trace.ts'
import { MEND, type WirePlane } from './planes.ts'

/** Packets of this machine, or that there are none, and why. */
export interface LivePackets {
  readonly source: LiveSource
  readonly wire: WirePlane
  /** Why there are none though they were asked for. */
  readonly lack?: UserError
}

/** `auto` is the ring: only where it cannot be had at all does `cap` take its place. */
async function openSource(engine: EngineChoice, options: LiveOptions): Promise<LiveSource> {
  if (engine === 'cap' || (engine === 'auto' && process.platform !== 'linux')) return openCap(options)
  return openRing(options)
}

/** Opens the engine that was chosen; without the privilege for it, where that was left to us, a source of no packets. */
export async function openPackets(engine: EngineChoice, options: LiveOptions): Promise<LivePackets> {
  if (engine === 'none')
    return {
      source: new NoPackets(options.waiter),
      wire: { watched: false, why: 'packets are not captured (--engine none)' },
    }
  try {
    return { source: await openSource(engine, options), wire: { watched: true } }
  } catch (error) {
    if (engine !== 'auto' || !(error instanceof UserError) || error.exitCode !== EXIT.privilege) throw error
    const wire = { watched: false, why: `${error.message}${MEND}` } as const
    return { source: new NoPackets(options.waiter), wire, lack: error }
  }
}

/** Throws why there are no packets, where the kernel does not tell enough without them. */
export function checkPackets(
  { source, lack }: LivePackets,
  { watched }: KernelPlane,
  { filter, options, goesWithout }: PacketNeeds,
): void {
  if (source.engine !== 'none') return
  const needed = filter !== '' || options.interface !== undefined || writesPackets(options)
  if (lack !== undefined) {
    if (needed || !goesWithout || !watched.state) throw lack
  } else if (needed)
    throw new UserError('Cannot filter packets with --engine none: there are none', {
      hint: 'leave out the filter, or --engine none',
    })
}

/** What a live run wants of packets. */
export interface PacketNeeds {
  readonly filter: string
  readonly options: TraceOptions
  /** The command has something to say without any. */
  readonly goesWithout: boolean
}

/** Whether the analysis is all that takes the packets: it reads their headers. */
export function readsHeadersOnly(options: TraceOptions): boolean {
  return !writesPackets(options) && options.snaplen === DEFAULT_SNAPLEN
}

function writesPackets(options: TraceOptions): boolean {
  return (
    options.write !== undefined || options.packets === true || wantsStreams(options) || wantsViews(options)
  )
}
