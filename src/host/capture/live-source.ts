import type { PacketSource } from '../../capture/source.ts'
import type { UserError } from '../../user-error.ts'
import type { Waiter } from '../wait.ts'

/** What a live capture is asked for; the same for the ring and for `cap`. */
export interface LiveOptions {
  /** Names; empty, or `any` among them, means every interface. */
  readonly interfaces: readonly string[]
  /** A libpcap filter expression. */
  readonly filter?: string
  /** Bytes kept of each packet. */
  readonly snaplen: number
  /**
   * Neither the payload of TCP nor a link header is read: without a filter the ring leaves the payload out, and of
   * every interface it gives Ethernet headers with nothing right but the type.
   */
  readonly headersOnly?: boolean
  readonly promiscuous: boolean
  /** Size of each interface's ring, MiB. */
  readonly ringMib: number
  /** How long slow traffic gathers in a block of the ring before it is handed over, ms; default 8. */
  readonly blockMs?: number
  readonly waiter: Waiter
}

/** A source that watches interfaces of this machine. */
export interface LiveSource extends PacketSource {
  /** `kernel`: taken when the packet passed, in nanoseconds; `delivery`: when it reached this program. */
  readonly timestamps: 'kernel' | 'delivery'
  /** Why the source ended by itself (an interface vanished); set before `read` resolves to `END`. */
  readonly failure: UserError | undefined
}

/** True when the names ask for every interface. */
export function isEveryInterface(names: readonly string[]): boolean {
  return names.length === 0 || names.includes('any')
}
