/**
 * Counters that tell two causes of the same silence apart, by the section of /proc/net/{snmp,netstat} they are in.
 * They are those of a whole network namespace: one that moved hints, one that did not move rules out.
 */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  Ip: ['OutNoRoutes', 'InAddrErrors', 'InDiscards', 'OutDiscards', 'FragFails'],
  Icmp: ['InDestUnreachs', 'OutDestUnreachs'],
  Tcp: ['OutRsts', 'AttemptFails', 'EstabResets', 'InCsumErrors'],
  Udp: ['NoPorts', 'RcvbufErrors'],
  TcpExt: [
    'ListenOverflows',
    'ListenDrops',
    'TCPReqQFullDrop',
    'TCPReqQFullDoCookies',
    'SyncookiesSent',
    'SyncookiesRecv',
    'SyncookiesFailed',
    'TCPDeferAcceptDrop',
    'EmbryonicRsts',
    'TCPRetransFail',
    'TCPSpuriousRtxHostQueues',
    'TCPSynRetrans',
    'TCPTimeouts',
    'TCPAbortOnData',
    'TCPAbortOnClose',
    'TCPAbortOnTimeout',
    'TCPAbortOnMemory',
    'TCPAbortOnLinger',
    'PAWSActive',
    'PAWSEstab',
    'PAWSTimewait',
    'PAWSOldAck',
    'TSEcrRejected',
    'TCPTimeWaitOverflow',
    'TCPChallengeACK',
    'TCPSYNChallenge',
    'TCPBacklogDrop',
    'TCPRcvQDrop',
    'TCPZeroWindowDrop',
    'TCPMinTTLDrop',
    'TCPMD5NotFound',
    'TCPMD5Unexpected',
    'TCPMD5Failure',
    'OutOfWindowIcmps',
    'IPReversePathFilter',
  ],
}

/** Of /proc/net/snmp6, which names each by its protocol. */
const SINGLE: ReadonlySet<string> = new Set([
  'Ip6OutNoRoutes',
  'Ip6InNoRoutes',
  'Ip6InAddrErrors',
  'Ip6InDiscards',
  'Ip6OutDiscards',
  'Icmp6InDestUnreachs',
  'Icmp6OutDestUnreachs',
  'Udp6NoPorts',
])

/** Reads pairs of lines, names and values, as /proc/net/snmp and /proc/net/netstat have them. */
export function addPairs(text: string, into: Record<string, number>): void {
  const lines = text.split('\n')
  for (let line = 0; line + 1 < lines.length; line += 2) {
    const section = lines[line]!.slice(0, Math.max(0, lines[line]!.indexOf(':')))
    const wanted = SECTIONS[section]
    if (wanted === undefined) continue
    const names = lines[line]!.split(' ')
    const values = lines[line + 1]!.split(' ')
    for (const name of wanted) {
      const index = names.indexOf(name)
      if (index > 0 && values[index] !== undefined) into[name] = Number(values[index])
    }
  }
}

/** Reads lines of one name and one value, as /proc/net/snmp6 has them. */
export function addSingles(text: string, into: Record<string, number>): void {
  for (const line of text.split('\n')) {
    const [name, value] = line.split(/\s+/)
    if (value !== undefined && SINGLE.has(name!)) into[name!] = Number(value)
  }
}
