import type { Difference } from './tally.ts'

/** A difference that is meant, or the oracle's own mistake: its row in docs/differences.md says why. */
interface Rule {
  readonly id: string
  /** How the names of its captures end; every capture when there are none. */
  readonly files?: readonly string[]
  /** What of it: the end of `Difference.at`, or its beginning. */
  readonly at: RegExp
  readonly when?: (difference: Difference) => boolean
}

const FLAGS = /^frame \d+$/
const STREAMS = /^stream \d+$/
const INITIAL_RTT = /initial_rtt$/
const FIGURES = / (bytes_in_flight|ack_rtt|rto)$/
const CONNECTIONS = /^connections /
const TCPTRACE_SIDE = / #\d+ [ab]→[ab] /

const RULES: readonly Rule[] = [
  {
    id: 'unacked-limit',
    files: ['rsh-long-client-user-no-nul.pcapng.gz', 'telnet-unclosed-suboption.pcapng.gz'],
    at: FLAGS,
    when: ({ theirs }) => theirs === 'ack_lost_segment',
  },
  {
    id: 'control-word',
    files: ['pcap_flow_lab_showcase.pcap', '06_mpls_pw_eth_vlan_ipv4_tcp_cw.pcap'],
    at: /^stream \d+$| bytes_in_flight$/,
  },
  {
    id: 'big-tcp',
    files: [
      'bigtcp-ipv4-geneve-ipv6.pcap',
      'bigtcp-ipv6-geneve-ipv4.pcap',
      'bigtcp-ipv6-vxlan-ipv4.pcap',
      'bigtcp-ipv6.pcap',
    ],
    at: /^stream \d+$| bytes_in_flight$/,
    when: ({ theirs }) => theirs === 'none' || theirs === '0',
  },
  { id: 'big-tcp', files: ['bigtcp-ipv6.pcap', 'bigtcp-ipv6-hbh.pcap'], at: TCPTRACE_SIDE },
  { id: 'sflow', files: ['sflow_expanded.pcap'], at: STREAMS },
  { id: 'fraction-of-a-second', files: ['timestamp_invalid_micro.pcap'], at: STREAMS },
  { id: 'fraction-of-a-second', files: ['timestamp_invalid_nano.pcap'], at: INITIAL_RTT },
  {
    id: 'fraction-of-a-second',
    files: ['timestamp_invalid_nano.pcap', 'timestamp_invalid_micro.pcap'],
    at: FIGURES,
  },
  { id: 'fraction-of-a-second', files: ['timestamp_invalid_micro.pcap'], at: TCPTRACE_SIDE },
  {
    id: 'beyond-the-frame',
    files: [
      'beep-oobr.pcap',
      'bgp-bgp_capabilities_print-oobr-1.pcap',
      'bgp-bgp_capabilities_print-oobr-2.pcap',
      'bgp_pmsi_tunnel-oobr.pcap',
      'heapoverflow-tcp_print.pcap',
      'rpki-rtr-oobr.pcap',
      'tcp-auth-heapoverflow.pcap',
    ],
    at: FIGURES,
    when: ({ theirs }) => theirs === '0',
  },
  { id: 'a-msdu', files: ['gre-aruba-amsdu.pcap'], at: FIGURES },
  { id: 'first-ack', files: ['rst-inject-rae.pcap'], at: INITIAL_RTT },
  { id: 'no-time', at: INITIAL_RTT, when: ({ ours }) => ours === '0' },
  { id: 'no-time', at: / RTT_min$/, when: ({ ours, theirs }) => ours === '0' && theirs !== '0' },
  { id: 'clock-set-back', files: ['fragment-state-exhaustion.pcap'], at: / RTT_samples$/ },
  {
    id: 'silence',
    at: CONNECTIONS,
    when: ({ ours, theirs }) => Number(ours) > 0 && Number(theirs) > Number(ours),
  },
  {
    id: 'fragments',
    files: ['socks5-http-302-frag.pcap', 'ipv6-http-atomic-frag.pcap'],
    at: TCPTRACE_SIDE,
  },
  { id: 'fragments', files: ['ipv6-http-atomic-frag.pcap'], at: CONNECTIONS },
  {
    id: 'link-layers',
    files: ['mpls-basic.pcap', 'vlan-pcp-dei.pcapng', 'cisco-fabric-path.pcap'],
    at: TCPTRACE_SIDE,
  },
  { id: 'offload', files: ['kerberos_tso.pcapng'], at: TCPTRACE_SIDE },
  {
    id: 'payload-length',
    files: ['kday4.pcap', 'kday7.pcap', 'rpki-rtr-oobr.pcap', 'ip6-hoa-tcp-bad-chksum.pcap'],
    at: / (actual_data|unique)_bytes(_sent)?$/,
  },
  {
    id: 'sequence-wrap',
    files: ['ftp/bigtransfer.pcap'],
    at: / (unique_bytes_sent|rexmt_data_(pkts|bytes))$/,
  },
  { id: 'unparsed', at: / (client|server)_bytes$/, when: ({ theirs }) => theirs === '0' },
]

export const RULE_IDS: readonly string[] = [...new Set(RULES.map(({ id }) => id))]

/** The id of the rule that explains the difference. */
export function explanation(difference: Difference): string | undefined {
  return RULES.find((rule) => namesOf(rule).some((name) => explains(rule, name, difference)))?.id
}

/** What could be left out: rules, and captures named by them, that explain none of the differences. */
export function idleRules(differences: readonly Difference[]): readonly string[] {
  return RULES.flatMap((rule) =>
    namesOf(rule)
      .filter((name) => !differences.some((difference) => explains(rule, name, difference)))
      .map((name) => `${rule.id} ${name} ${rule.at.source}`),
  )
}

/** How names end; every name ends with nothing. */
const namesOf = ({ files }: Rule): readonly string[] => files ?? ['']

function explains({ at, when }: Rule, name: string, difference: Difference): boolean {
  return difference.file.endsWith(name) && at.test(difference.at) && (when === undefined || when(difference))
}
