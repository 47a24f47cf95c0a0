import type { TcpInfo } from './socket.ts'

/**
 * `struct tcp_info` (include/uapi/linux/tcp.h) by the kernel's names: `name@offset:bytes`. It only ever grew at its
 * end; an older kernel gives less of it. Times are µs, `tcpi_last_*` ms, rates bytes/s.
 */
const LAYOUT = `tcpi_state@0:1 tcpi_ca_state@1:1 tcpi_retransmits@2:1 tcpi_probes@3:1 tcpi_backoff@4:1 tcpi_options@5:1
tcpi_rto@8:4 tcpi_ato@12:4 tcpi_snd_mss@16:4 tcpi_rcv_mss@20:4 tcpi_unacked@24:4 tcpi_sacked@28:4 tcpi_lost@32:4
tcpi_retrans@36:4 tcpi_fackets@40:4 tcpi_last_data_sent@44:4 tcpi_last_ack_sent@48:4 tcpi_last_data_recv@52:4
tcpi_last_ack_recv@56:4 tcpi_pmtu@60:4 tcpi_rcv_ssthresh@64:4 tcpi_rtt@68:4 tcpi_rttvar@72:4 tcpi_snd_ssthresh@76:4
tcpi_snd_cwnd@80:4 tcpi_advmss@84:4 tcpi_reordering@88:4 tcpi_rcv_rtt@92:4 tcpi_rcv_space@96:4
tcpi_total_retrans@100:4 tcpi_pacing_rate@104:8 tcpi_max_pacing_rate@112:8 tcpi_bytes_acked@120:8
tcpi_bytes_received@128:8 tcpi_segs_out@136:4 tcpi_segs_in@140:4 tcpi_notsent_bytes@144:4 tcpi_min_rtt@148:4
tcpi_data_segs_in@152:4 tcpi_data_segs_out@156:4 tcpi_delivery_rate@160:8 tcpi_busy_time@168:8
tcpi_rwnd_limited@176:8 tcpi_sndbuf_limited@184:8 tcpi_delivered@192:4 tcpi_delivered_ce@196:4
tcpi_bytes_sent@200:8 tcpi_bytes_retrans@208:8 tcpi_dsack_dups@216:4 tcpi_reord_seen@220:4 tcpi_rcv_ooopack@224:4
tcpi_snd_wnd@228:4 tcpi_rcv_wnd@232:4 tcpi_rehash@236:4 tcpi_total_rto@240:2 tcpi_total_rto_recoveries@242:2
tcpi_total_rto_time@244:4 tcpi_received_ce@248:4 tcpi_delivered_e1_bytes@252:4 tcpi_delivered_e0_bytes@256:4
tcpi_delivered_ce_bytes@260:4 tcpi_received_e1_bytes@264:4 tcpi_received_e0_bytes@268:4
tcpi_received_ce_bytes@272:4`

interface Member {
  readonly name: string
  readonly offset: number
  readonly bytes: number
}

const MEMBERS: readonly Member[] = LAYOUT.split(/\s+/).map((text) => {
  const [, name, offset, bytes] = /^(\w+)@(\d+):(\d)$/.exec(text)!
  return { name: name!, offset: Number(offset), bytes: Number(bytes) }
})

/** Bit fields: name, the byte they are in, shift, mask. */
const BITS: readonly (readonly [name: string, offset: number, shift: number, mask: number])[] = [
  ['tcpi_snd_wscale', 6, 0, 0xf],
  ['tcpi_rcv_wscale', 6, 4, 0xf],
  ['tcpi_delivery_rate_app_limited', 7, 0, 1],
  ['tcpi_fastopen_client_fail', 7, 1, 3],
  ['tcpi_ecn_mode', 276, 0, 3],
  ['tcpi_accecn_opt_seen', 276, 2, 3],
  ['tcpi_accecn_fail_mode', 276, 4, 0xf],
]

/** Every member that lies in `[start, end)`. A rate of ~0 (no limit) is 2^64 as a double. */
export function parseTcpInfo(view: DataView, start: number, end: number): TcpInfo {
  const info: Record<string, number> = {}
  for (const { name, offset, bytes } of MEMBERS) {
    const at = start + offset
    if (at + bytes > end) break
    if (bytes === 1) info[name] = view.getUint8(at)
    else if (bytes === 2) info[name] = view.getUint16(at, true)
    else if (bytes === 4) info[name] = view.getUint32(at, true)
    else info[name] = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
  }
  for (const [name, offset, shift, mask] of BITS)
    if (start + offset < end) info[name] = (view.getUint8(start + offset) >>> shift) & mask
  return info
}
