/** A counter of /proc/net/snmp or /proc/net/netstat that matters for connections, and what it says when it moves. */
export interface CounterMeaning {
  readonly name: string
  readonly means: string
}

/** The kernel's names; a kernel that lacks one leaves it out. */
export const COUNTERS: readonly CounterMeaning[] = [
  { name: 'ActiveOpens', means: 'connections begun here' },
  { name: 'PassiveOpens', means: 'connections accepted by the kernel' },
  { name: 'AttemptFails', means: 'handshakes that ended without a connection' },
  { name: 'EstabResets', means: 'connections reset without a FIN' },
  { name: 'OutRsts', means: 'resets sent' },
  { name: 'RetransSegs', means: 'segments sent again' },
  { name: 'InErrs', means: 'damaged segments received' },
  { name: 'ListenOverflows', means: 'an accept queue was full: the program accepts too slowly' },
  { name: 'ListenDrops', means: 'a listener dropped a SYN or the last ACK of a handshake' },
  { name: 'TCPReqQFullDrop', means: 'a SYN queue was full and the SYN dropped' },
  { name: 'TCPReqQFullDoCookies', means: 'a SYN queue was full and a cookie sent' },
  { name: 'SyncookiesSent', means: 'SYN cookies sent' },
  { name: 'SyncookiesFailed', means: 'ACKs with a bad SYN cookie' },
  { name: 'TCPDeferAcceptDrop', means: 'handshakes that waited for data (TCP_DEFER_ACCEPT)' },
  { name: 'EmbryonicRsts', means: 'half-open requests that were reset' },
  { name: 'TCPSynRetrans', means: 'SYN or SYN+ACK sent again: the other side is silent' },
  { name: 'TCPTimeouts', means: 'retransmission timers that ran out' },
  { name: 'TCPLostRetransmit', means: 'retransmissions that were lost as well' },
  { name: 'TCPSpuriousRTOs', means: 'time-outs that came too early' },
  { name: 'TCPAbortOnData', means: 'connections closed with linger 0, or data after close' },
  { name: 'TCPAbortOnClose', means: 'connections closed with unread data' },
  { name: 'TCPAbortOnMemory', means: 'connections given up for want of memory' },
  { name: 'TCPAbortOnTimeout', means: 'connections given up after all retries' },
  { name: 'TCPAbortOnLinger', means: 'connections given up in FIN_WAIT2' },
  { name: 'TCPAbortFailed', means: 'resets that could not be sent' },
  { name: 'TCPBacklogDrop', means: 'segments dropped: the program held the socket too long' },
  { name: 'TCPRcvQDrop', means: 'segments dropped: the receive buffer was full' },
  { name: 'TCPZeroWindowDrop', means: 'data sent into a closed window' },
  { name: 'TCPOFODrop', means: 'out-of-order segments dropped for want of memory' },
  { name: 'PAWSActive', means: 'answers to a SYN with a wrong timestamp' },
  { name: 'PAWSEstab', means: 'segments with an old timestamp' },
  { name: 'PAWSTimewait', means: 'segments to TIME_WAIT with an old timestamp' },
  { name: 'TCPTimeWaitOverflow', means: 'too many TIME_WAIT: closed at once instead' },
  { name: 'TCPChallengeACK', means: 'segments answered with a challenge ACK' },
  { name: 'TCPMD5Failure', means: 'segments with a wrong MD5 signature' },
  { name: 'IPReversePathFilter', means: 'packets dropped: the way back is another interface' },
]

/** Pairs of lines, names and values: `Tcp: RtoAlgorithm …` and `Tcp: 1 …`; what is not a number is left out. */
export function parseCounters(text: string): Map<string, number> {
  const counters = new Map<string, number>()
  const lines = text.split('\n')
  for (let line = 0; line + 1 < lines.length; line += 2) {
    const names = lines[line]!.split(' ')
    const values = lines[line + 1]!.split(' ')
    if (!/^(?:Tcp|TcpExt):$/.test(names[0]!) || names[0] !== values[0]) continue
    for (const [index, name] of names.entries())
      if (index > 0 && values[index] !== undefined) counters.set(name, Number(values[index]))
  }
  return counters
}

/** `/proc/net/sockstat`: `TCP: inuse 5 orphan 0 tw 3 alloc 6 mem 1`. */
export function parseSockstat(text: string): Map<string, Readonly<Record<string, number>>> {
  const kinds = new Map<string, Record<string, number>>()
  for (const line of text.split('\n')) {
    const [kind, ...words] = line.split(' ')
    if (kind === undefined || !kind.endsWith(':')) continue
    const values: Record<string, number> = {}
    for (let index = 0; index + 1 < words.length; index += 2) values[words[index]!] = Number(words[index + 1])
    kinds.set(kind.slice(0, -1), values)
  }
  return kinds
}

/** The counters of one network namespace, and what stands against a limit. */
export interface CountersRecord {
  readonly type: 'counters'
  readonly netns: number | null
  /** TCP sockets by state. */
  readonly states: Readonly<Record<string, number>>
  /** Sockets by kind, of which `tcp_orphaned` have no process and `tcp_memory` is in pages. */
  readonly sockets: Readonly<Record<string, number>>
  readonly limits: {
    readonly time_wait_max: number | null
    readonly conntrack?: number
    readonly conntrack_max?: number
    /** How many local ports there are to connect from, and the destination that uses most of them. */
    readonly ephemeral_ports: number
    readonly busiest_destination?: {
      readonly addr: string
      readonly port: number
      readonly ports_used: number
    }
  }
  /** By the kernel's names, since the namespace began. */
  readonly counters: Readonly<Record<string, number>>
  /** In `--watch`: seconds since the record before, and per second how much each counter that moved grew. */
  readonly interval_s?: number
  readonly rates?: Readonly<Record<string, number>>
}

/** The record with what moved in the `seconds` since the one before. */
export function withRates(record: CountersRecord, before: CountersRecord, seconds: number): CountersRecord {
  const rates: Record<string, number> = {}
  for (const [name, value] of Object.entries(record.counters)) {
    const growth = value - (before.counters[name] ?? 0)
    if (growth > 0) rates[name] = Number((growth / seconds).toFixed(3))
  }
  return { ...record, interval_s: Number(seconds.toFixed(3)), rates }
}
