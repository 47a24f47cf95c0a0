import { EMPTY_VIEW, type Frame } from './frame.ts'
import {
  EXPERIMENT_FAST_OPEN,
  HAS_ACC_ECN,
  HAS_AUTHENTICATION,
  HAS_EXPERIMENT,
  HAS_FAST_OPEN,
  HAS_MD5,
  HAS_MPTCP,
  HAS_MSS,
  HAS_SACK,
  HAS_SACK_PERMITTED,
  HAS_TIMESTAMPS,
  HAS_USER_TIMEOUT,
  HAS_WINDOW_SCALE,
  KIND_ACC_ECN_0,
  KIND_ACC_ECN_1,
  KIND_AUTHENTICATION,
  KIND_END,
  KIND_EXPERIMENT_1,
  KIND_EXPERIMENT_2,
  KIND_FAST_OPEN,
  KIND_MD5,
  KIND_MPTCP,
  KIND_MSS,
  KIND_NOP,
  KIND_SACK,
  KIND_SACK_PERMITTED,
  KIND_TIMESTAMPS,
  KIND_USER_TIMEOUT,
  KIND_WINDOW_SCALE,
} from './tcp-option-numbers.ts'

/** The first 12 bytes of most segments' options as one word: NOP, NOP, Timestamps, length 10 (RFC 7323 appendix A). */
const NOP_NOP_TIMESTAMPS = 0x0101080a

/** 40 bytes of options hold at most 40 kinds and 4 SACK blocks. */
const MAX_OPTIONS = 40
const MAX_SACK_BLOCKS = 4

/**
 * The options of one TCP segment. Borrowed: moved by `at()`, valid until the next packet.
 *
 * `present` says which there are (HAS_ constants); a value is meaningful only where its bit is set.
 */
export class TcpOptions {
  private view: DataView = EMPTY_VIEW
  private sackOffset = 0
  /** HAS_ bits. */
  present = 0
  /** Kinds in order of appearance, no-operations and the end mark included; `count` of them are valid. */
  readonly kinds: Uint8Array = new Uint8Array(MAX_OPTIONS)
  count = 0
  /** Bytes. */
  mss = 0
  /** The shift as sent; RFC 7323 section 2.3 caps its use at 14. */
  windowScale = 0
  sackCount = 0
  timestampValue = 0
  timestampEcho = 0
  /** Length of the Fast Open cookie, bytes; 0 is a request for one (RFC 7413 section 4.1.1). */
  fastOpenCookieLength = 0
  /** MPTCP_ constants (RFC 8684 section 3). */
  mptcpSubtype = 0
  /** One bit for each MPTCP subtype that is there. */
  mptcpSubtypes = 0
  /** The 16 bits of RFC 5482: granularity bit (1 is minutes) and 15 bits of time. */
  userTimeout = 0
  /** Experiment identifier of kind 253 or 254 (RFC 6994), its first 16 bits. */
  experiment = 0

  clear(): void {
    this.present = 0
    this.mptcpSubtypes = 0
    this.count = 0
    this.sackCount = 0
  }

  /**
   * Reads `length` bytes of options, fewer where the capture is cut.
   * False when an option's length is impossible or runs over the end: those before it are kept.
   */
  at(frame: Frame, offset: number, length: number): boolean {
    const view = frame.view
    this.view = view
    if (length === 12 && offset + 12 <= frame.end && view.getUint32(offset) === NOP_NOP_TIMESTAMPS) {
      this.present = HAS_TIMESTAMPS
      this.mptcpSubtypes = 0
      this.sackCount = 0
      this.timestampValue = view.getUint32(offset + 4)
      this.timestampEcho = view.getUint32(offset + 8)
      this.kinds[0] = KIND_NOP
      this.kinds[1] = KIND_NOP
      this.kinds[2] = KIND_TIMESTAMPS
      this.count = 3
      return true
    }
    this.clear()
    const end = Math.min(offset + length, frame.end)
    while (offset < end) {
      const kind = view.getUint8(offset)
      this.kinds[this.count++] = kind
      if (kind === KIND_END) return true
      if (kind === KIND_NOP) {
        offset++
        continue
      }
      const size = offset + 1 < end ? view.getUint8(offset + 1) : 0
      if (size < 2 || offset + size > end) {
        this.count--
        return false
      }
      this.read(view, kind, offset + 2, size - 2)
      offset += size
    }
    return true
  }

  /** Sequence number at the left edge of SACK block `index`, 0 to `sackCount - 1`. */
  sackLeft(index: number): number {
    return this.view.getUint32(this.sackOffset + index * 8)
  }

  /** The sequence number after the last one of SACK block `index`. */
  sackRight(index: number): number {
    return this.view.getUint32(this.sackOffset + index * 8 + 4)
  }

  /** An option of the wrong size is listed in `kinds`, but its bit stays clear, as receivers ignore it. */
  private read(view: DataView, kind: number, offset: number, size: number): void {
    switch (kind) {
      case KIND_MSS:
        if (size !== 2) return
        this.mss = view.getUint16(offset)
        this.present |= HAS_MSS
        return
      case KIND_WINDOW_SCALE:
        if (size !== 1) return
        this.windowScale = view.getUint8(offset)
        this.present |= HAS_WINDOW_SCALE
        return
      case KIND_SACK_PERMITTED:
        if (size === 0) this.present |= HAS_SACK_PERMITTED
        return
      case KIND_SACK:
        if (size === 0 || size % 8 !== 0 || size > 8 * MAX_SACK_BLOCKS) return
        this.sackOffset = offset
        this.sackCount = size / 8
        this.present |= HAS_SACK
        return
      case KIND_TIMESTAMPS:
        if (size !== 8) return
        this.timestampValue = view.getUint32(offset)
        this.timestampEcho = view.getUint32(offset + 4)
        this.present |= HAS_TIMESTAMPS
        return
      case KIND_USER_TIMEOUT:
        if (size !== 2) return
        this.userTimeout = view.getUint16(offset)
        this.present |= HAS_USER_TIMEOUT
        return
      case KIND_MD5:
        if (size === 16) this.present |= HAS_MD5
        return
      case KIND_AUTHENTICATION:
        if (size >= 2) this.present |= HAS_AUTHENTICATION
        return
      case KIND_MPTCP:
        if (size < 1) return
        this.mptcpSubtype = view.getUint8(offset) >> 4
        this.mptcpSubtypes |= 1 << this.mptcpSubtype
        this.present |= HAS_MPTCP
        return
      case KIND_FAST_OPEN:
        this.fastOpenCookieLength = size
        this.present |= HAS_FAST_OPEN
        return
      case KIND_ACC_ECN_0:
      case KIND_ACC_ECN_1:
        this.present |= HAS_ACC_ECN
        return
      case KIND_EXPERIMENT_1:
      case KIND_EXPERIMENT_2:
        if (size < 2) return
        this.experiment = view.getUint16(offset)
        this.present |= HAS_EXPERIMENT
        // Fast Open before it had its own kind (RFC 7413 section 4.1.1, first deployments).
        if (this.experiment === EXPERIMENT_FAST_OPEN) {
          this.fastOpenCookieLength = size - 2
          this.present |= HAS_FAST_OPEN
        }
    }
  }

  /**
   * Writes options for tests and scenarios, padded with no-operations to whole words.
   * Returns the bytes written, at most 40.
   */
  static emit(view: DataView, offset: number, fields: TcpOptionFields): number {
    const begin = offset
    const put = (kind: number, size: number): number => {
      view.setUint8(offset, kind)
      view.setUint8(offset + 1, size + 2)
      offset += size + 2
      return offset - size
    }
    if (fields.mss !== undefined) view.setUint16(put(KIND_MSS, 2), fields.mss)
    if (fields.windowScale !== undefined) view.setUint8(put(KIND_WINDOW_SCALE, 1), fields.windowScale)
    if (fields.sackPermitted === true) put(KIND_SACK_PERMITTED, 0)
    if (fields.timestamps !== undefined) {
      const at = put(KIND_TIMESTAMPS, 8)
      view.setUint32(at, fields.timestamps[0])
      view.setUint32(at + 4, fields.timestamps[1])
    }
    if (fields.sack !== undefined) {
      const at = put(KIND_SACK, fields.sack.length * 8)
      fields.sack.forEach(([left, right], index) => {
        view.setUint32(at + index * 8, left)
        view.setUint32(at + index * 8 + 4, right)
      })
    }
    for (const { kind, data } of fields.others ?? []) {
      const at = put(kind, data.length)
      data.forEach((byte, index) => {
        view.setUint8(at + index, byte)
      })
    }
    while ((offset - begin) % 4 !== 0) view.setUint8(offset++, KIND_NOP)
    return offset - begin
  }
}

export interface TcpOptionFields {
  readonly mss?: number
  readonly windowScale?: number
  readonly sackPermitted?: boolean
  /** Value, echo. */
  readonly timestamps?: readonly [number, number]
  /** Left and right edges. */
  readonly sack?: readonly (readonly [number, number])[]
  readonly others?: readonly { readonly kind: number; readonly data: readonly number[] }[]
}
