import type { Congestion, SocketMemory, SocketRecord, TcpInfo } from './socket.ts'
import { parseTcpInfo } from './tcp-info.ts'

// INET_DIAG_* (linux/inet_diag.h)
const INFO = 2
const VEGASINFO = 3
const CONG = 4
const SKMEMINFO = 7
const DCTCPINFO = 9
const SKV6ONLY = 11
const MARK = 15
const BBRINFO = 16
const CGROUP_ID = 21

/** Bits of `idiag_ext`: what has to be asked for. DCTCPINFO and BBRINFO come when VEGASINFO is asked for. */
export const EXT_INFO: number = bit(INFO) | bit(VEGASINFO) | bit(CONG)
export const EXT_MEMORY: number = bit(SKMEMINFO)

function bit(attribute: number): number {
  return 1 << (attribute - 1)
}

/** Attributes of one `inet_diag_msg`, between `start` and `end`. */
export interface DiagAttributes {
  mark?: number
  v6only?: boolean
  tcp?: TcpInfo
  congestion?: Congestion
  mem?: SocketMemory
  /** Inode of the control group. */
  cgroupId?: number
}

/** Called for each attribute: its type, where its value begins and ends. */
export function eachAttribute(
  view: DataView,
  start: number,
  end: number,
  visit: (type: number, value: number, end: number) => void,
): void {
  for (let at = start; at + 4 <= end; ) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > end) break
    visit(view.getUint16(at + 2, true) & 0x3fff, at + 4, at + length)
    at += (length + 3) & ~3
  }
}

export function parseDiagAttributes(view: DataView, start: number, end: number): DiagAttributes {
  const found: DiagAttributes = {}
  let congestion: Record<string, unknown> = {}
  eachAttribute(view, start, end, (type, at, limit) => {
    const length = limit - at
    const word = (index: number): number => view.getUint32(at + 4 * index, true)
    if (type === MARK && length >= 4) {
      if (word(0) !== 0) found.mark = word(0)
    } else if (type === SKV6ONLY && length >= 1) found.v6only = view.getUint8(at) !== 0
    else if (type === CGROUP_ID && length >= 8) found.cgroupId = word(0) + word(1) * 2 ** 32
    else if (type === INFO) found.tcp = parseTcpInfo(view, at, limit)
    else if (type === SKMEMINFO && length >= 32) found.mem = memory(view, at, limit)
    else if (type === CONG) congestion = { name: ascii(view, at, limit), ...congestion }
    else if (type === VEGASINFO && length >= 16)
      congestion['vegas'] = { enabled: word(0), rttcnt: word(1), rtt: word(2), minrtt: word(3) }
    else if (type === DCTCPINFO && length >= 16)
      congestion['dctcp'] = {
        enabled: view.getUint16(at, true),
        ce_state: view.getUint16(at + 2, true),
        alpha: word(1),
        ab_ecn: word(2),
        ab_tot: word(3),
      }
    else if (type === BBRINFO && length >= 20)
      congestion['bbr'] = {
        bw: word(0) + word(1) * 2 ** 32,
        min_rtt: word(2),
        pacing_gain: word(3),
        cwnd_gain: word(4),
      }
  })
  if (typeof congestion['name'] === 'string') found.congestion = congestion as unknown as Congestion
  return found
}

const MEMORY = [
  'rmem_alloc',
  'rcvbuf',
  'wmem_alloc',
  'sndbuf',
  'fwd_alloc',
  'wmem_queued',
  'optmem',
  'backlog',
  'drops',
] as const satisfies readonly (keyof SocketMemory)[]

/** SK_MEMINFO_*: nine words; a kernel without `drops` gives eight. */
export function memory(view: DataView, at: number, end: number): SocketMemory {
  const values = MEMORY.map((name, index) => [
    name,
    at + 4 * index + 4 <= end ? view.getUint32(at + 4 * index, true) : 0,
  ])
  return Object.fromEntries(values) as Record<keyof SocketMemory, number>
}

function ascii(view: DataView, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end && view.getUint8(at) !== 0; at++)
    text += String.fromCharCode(view.getUint8(at))
  return text
}

/** The attributes as members of a record; what is not there is absent. */
export function attributeMembers(
  { cgroupId, ...members }: DiagAttributes,
  cgroupPath: ((id: number) => string | undefined) | undefined,
): Partial<SocketRecord> {
  const cgroup = cgroupId === undefined ? undefined : cgroupPath?.(cgroupId)
  return cgroup === undefined ? members : { ...members, cgroup }
}
