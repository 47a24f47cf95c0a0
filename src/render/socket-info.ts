import type { SocketRecord, TcpInfo } from '../sockets/socket.ts'

// tcpi_options (linux/tcp.h), in the order and with the words of ss.
const OPTIONS: readonly (readonly [bit: number, word: string])[] = [
  [1, 'ts'],
  [2, 'sack'],
  [8, 'ecn'],
  [16, 'ecnseen'],
  [32, 'fastopen'],
]
const WINDOW_SCALE = 4
const NO_THRESHOLD = 0xffff
const NO_MIN_RTT = 0xffffffff
const NO_TIMEOUT = 3_000_000
const USUAL_REORDERING = 3

/**
 * tcp_info as `ss -i -n` writes it: times in ms, rates in bit/s, a value that says nothing left out. Empty without
 * tcp_info.
 */
export function infoText({ tcp, congestion, state }: SocketRecord): string {
  if (tcp === undefined) return congestion?.name ?? ''
  const words: string[] = []
  const get = (name: string): number => tcp[`tcpi_${name}`] ?? 0
  const plain = (label: string, name: string): void => {
    if (get(name) !== 0) words.push(`${label}:${get(name)}`)
  }
  const ms = (label: string, name: string): void => {
    if (get(name) !== 0) words.push(`${label}:${general(get(name) / 1000)}`)
  }
  for (const [bit, word] of OPTIONS) if ((get('options') & bit) !== 0) words.push(word)
  if (congestion !== undefined) words.push(congestion.name)
  if ((get('options') & WINDOW_SCALE) !== 0) words.push(`wscale:${get('snd_wscale')},${get('rcv_wscale')}`)
  if (get('rto') !== NO_TIMEOUT) ms('rto', 'rto')
  plain('backoff', 'backoff')
  if (get('rtt') !== 0) words.push(`rtt:${general(get('rtt') / 1000)}/${general(get('rttvar') / 1000)}`)
  ms('ato', 'ato')
  plain('mss', 'snd_mss')
  plain('pmtu', 'pmtu')
  plain('rcvmss', 'rcv_mss')
  plain('advmss', 'advmss')
  plain('cwnd', 'snd_cwnd')
  if (get('snd_ssthresh') < NO_THRESHOLD) plain('ssthresh', 'snd_ssthresh')
  for (const name of BYTES_AND_SEGMENTS) plain(name, name)
  words.push(...congestionWords(congestion))
  words.push(...rateWords(get))
  plain('unacked', 'unacked')
  if (get('retrans') !== 0 || get('total_retrans') !== 0)
    words.push(`retrans:${get('retrans')}/${get('total_retrans')}`)
  plain('lost', 'lost')
  if (state !== 'LISTEN') plain('sacked', 'sacked')
  plain('dsack_dups', 'dsack_dups')
  plain('fackets', 'fackets')
  if (get('reordering') !== USUAL_REORDERING) plain('reordering', 'reordering')
  plain('reord_seen', 'reord_seen')
  ms('rcv_rtt', 'rcv_rtt')
  plain('rcv_space', 'rcv_space')
  plain('rcv_ssthresh', 'rcv_ssthresh')
  plain('notsent', 'notsent_bytes')
  if (get('min_rtt') !== NO_MIN_RTT) ms('minrtt', 'min_rtt')
  plain('rcv_ooopack', 'rcv_ooopack')
  plain('snd_wnd', 'snd_wnd')
  plain('rcv_wnd', 'rcv_wnd')
  plain('rehash', 'rehash')
  for (const name of SINCE_6_7) plain(name, name)
  return words.join(' ')
}

const BYTES_AND_SEGMENTS = [
  'bytes_sent',
  'bytes_retrans',
  'bytes_acked',
  'bytes_received',
  'segs_out',
  'segs_in',
  'data_segs_out',
  'data_segs_in',
] as const

/** What ss has no words for: time-outs (Linux 6.7; the time in ms) and accurate ECN (6.18), by the kernel's names. */
const SINCE_6_7 = [
  'total_rto',
  'total_rto_recoveries',
  'total_rto_time',
  'received_ce',
  'delivered_e1_bytes',
  'delivered_e0_bytes',
  'delivered_ce_bytes',
  'received_e1_bytes',
  'received_e0_bytes',
  'received_ce_bytes',
  'ecn_mode',
  'accecn_opt_seen',
  'accecn_fail_mode',
] as const

/** Gains are in 1/256. */
const GAIN = 256

function congestionWords(congestion: SocketRecord['congestion']): string[] {
  const { bbr, dctcp } = congestion ?? {}
  const words: string[] = []
  if (dctcp !== undefined)
    words.push(
      dctcp.enabled === 0
        ? 'dctcp:fallback_mode'
        : `dctcp:(ce_state:${dctcp.ce_state},alpha:${dctcp.alpha},ab_ecn:${dctcp.ab_ecn},ab_tot:${dctcp.ab_tot})`,
    )
  if (bbr !== undefined) {
    let text = `bbr:(bw:${general0(8 * bbr.bw)}bps,mrtt:${general(bbr.min_rtt / 1000)}`
    if (bbr.pacing_gain !== 0) text += `,pacing_gain:${general(bbr.pacing_gain / GAIN)}`
    if (bbr.cwnd_gain !== 0) text += `,cwnd_gain:${general(bbr.cwnd_gain / GAIN)}`
    words.push(`${text})`)
  }
  return words
}

function rateWords(get: (name: string) => number): string[] {
  const words: string[] = []
  const [rtt, mss, cwnd] = [get('rtt'), get('snd_mss'), get('snd_cwnd')]
  if (rtt > 0 && mss > 0 && cwnd > 0) words.push(`send ${general0((cwnd * mss * 8e6) / rtt)}bps`)
  for (const [label, name] of LAST) if (get(name) !== 0) words.push(`${label}:${get(name)}`)
  const limit = get('max_pacing_rate')
  if (get('pacing_rate') !== 0 && get('pacing_rate') < UNLIMITED) {
    const most = limit !== 0 && limit < UNLIMITED ? `/${general0(8 * limit)}bps` : ''
    words.push(`pacing_rate ${general0(8 * get('pacing_rate'))}bps${most}`)
  }
  if (get('delivery_rate') !== 0) words.push(`delivery_rate ${general0(8 * get('delivery_rate'))}bps`)
  for (const name of ['delivered', 'delivered_ce']) if (get(name) !== 0) words.push(`${name}:${get(name)}`)
  if (get('delivery_rate_app_limited') !== 0) words.push('app_limited')
  const busy = get('busy_time')
  if (busy !== 0) {
    words.push(`busy:${Math.floor(busy / 1000)}ms`)
    for (const name of ['rwnd_limited', 'sndbuf_limited']) {
      const share = ((100 * get(name)) / busy).toFixed(1)
      if (get(name) !== 0) words.push(`${name}:${Math.floor(get(name) / 1000)}ms(${share}%)`)
    }
  }
  return words
}

const LAST = [
  ['lastsnd', 'last_data_sent'],
  ['lastrcv', 'last_data_recv'],
  ['lastack', 'last_ack_recv'],
] as const
/** ~0: no limit. */
const UNLIMITED = 2 ** 64

/** A number as C's `%g` writes it: six significant digits. */
export function general(value: number): string {
  if (value === 0) return '0'
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(6)))))
  if (exponent >= -4 && exponent < 6) return String(Number(value.toPrecision(6)))
  const [digits, power] = value.toExponential(5).split('e')
  return `${Number(digits)}e${power!.replace(/^([+-])(\d)$/, '$10$2')}`
}

/** A rate without a fraction. */
function general0(value: number): string {
  return value.toFixed(0)
}

/** `skmem:(r0,rb131072,…)` as `ss -m` writes it; empty when it is not known. */
export function memoryText({ mem }: SocketRecord): string {
  if (mem === undefined) return ''
  const { rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc, wmem_queued, optmem, backlog, drops } = mem
  return `skmem:(r${rmem_alloc},rb${rcvbuf},t${wmem_alloc},tb${sndbuf},f${fwd_alloc},w${wmem_queued},o${optmem},bl${backlog},d${drops})`
}

/** One member of tcp_info, for a column. */
export function infoNumber(tcp: TcpInfo | undefined, name: string, unit = 1): number | undefined {
  const value = tcp?.[`tcpi_${name}`]
  return value === undefined ? undefined : value / unit
}
