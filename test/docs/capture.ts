import { writeFileSync } from 'node:fs'
import { PcapngWriter } from '../../src/capture/pcapng-write.ts'
import { Ipv4Header } from '../../src/wire/ipv4.ts'
import { TcpHeader } from '../../src/wire/tcp.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/tcp-bits.ts'

const FLAGS: Readonly<Record<string, number>> = { F: FIN, S: SYN, R: RST, P: PSH, '.': ACK }
const LINK_RAW = 101
const HEADERS = 40
const CLIENT = 0x0a00_0001

/** Milliseconds since the connection's beginning, sender, flags as tcpdump prints them, payload bytes. */
type Sent = readonly [at: number, from: 'client' | 'server', flags: string, length?: number]

/** A connection of 10.0.0.1; `begins` in milliseconds since the capture's beginning. */
interface Connection {
  readonly begins: number
  readonly clientPort: number
  /** Last byte of the server's address, and its port. */
  readonly server: readonly [host: number, port: number]
  readonly sent: readonly Sent[]
}

const opened: readonly Sent[] = [
  [0, 'client', 'S'],
  [0.4, 'server', 'S.'],
  [0.45, 'client', '.'],
]

function closed(at: number): readonly Sent[] {
  return [
    [at, 'client', 'F.'],
    [at + 0.4, 'server', '.'],
    [at + 0.5, 'server', 'F.'],
    [at + 0.55, 'client', '.'],
  ]
}

function exchange(request: number, answer: number, wait: number): readonly Sent[] {
  return [
    [1, 'client', 'P.', request],
    [1.4, 'server', '.'],
    [1 + wait, 'server', 'P.', answer],
    [1.05 + wait, 'client', '.'],
  ]
}

/** What the pages show: connections that work, one that is refused, one that nobody answers, one that is reset. */
const CONNECTIONS: readonly Connection[] = [
  {
    begins: 0,
    clientPort: 40_001,
    server: [2, 80],
    sent: [...opened, ...exchange(120, 900, 8), ...closed(20)],
  },
  {
    begins: 5,
    clientPort: 40_002,
    server: [2, 80],
    sent: [...opened, ...exchange(140, 1400, 95), ...closed(130)],
  },
  {
    begins: 40,
    clientPort: 40_003,
    server: [2, 81],
    sent: [
      [0, 'client', 'S'],
      [0.3, 'server', 'R.'],
    ],
  },
  {
    begins: 60,
    clientPort: 40_004,
    server: [3, 443],
    sent: [0, 1020, 3040, 7070].map((at) => [at, 'client', 'S'] as const),
  },
  {
    begins: 100,
    clientPort: 40_005,
    server: [2, 5432],
    sent: [
      ...opened,
      [2, 'client', 'P.', 60],
      [210, 'client', 'P.', 60],
      [630, 'client', 'P.', 60],
      [631, 'server', 'R.'],
    ],
  },
]

/** Writes the pages' capture file; the same bytes each time. */
export function writeCapture(path: string): void {
  const writer = new PcapngWriter('socktrace')
  writer.originSeconds = 1_700_000_000
  const iface = writer.interface('eth0', LINK_RAW, 65_535)
  const packets = CONNECTIONS.flatMap(segments).sort((a, b) => a.time - b.time)
  for (const { time, bytes } of packets)
    writer.packet({ iface, time, bytes, start: 0, captured: bytes.length, original: bytes.length })
  writeFileSync(path, writer.take())
}

function segments({ begins, clientPort, server, sent }: Connection): { time: number; bytes: Uint8Array }[] {
  const next = { client: 1000, server: 5000 }
  const last: { segment?: string; sequence: number } = { sequence: 0 }
  return sent.map(([at, from, flags, length = 0]) => {
    const peer = from === 'client' ? 'server' : 'client'
    // The same segment once more is a retransmission.
    const segment = `${from} ${flags} ${length}`
    const again = segment === last.segment && (length > 0 || flags === 'S')
    const sequence = again ? last.sequence : next[from]
    if (!again) next[from] += length + (/[SF]/.test(flags) ? 1 : 0)
    last.segment = segment
    last.sequence = sequence
    const bytes = new Uint8Array(HEADERS + length)
    const view = new DataView(bytes.buffer)
    const address = 0x0a00_0000 + server[0]
    const refusal = flags === 'R.' && next.server === 5000
    Ipv4Header.emit(view, 0, {
      totalLength: bytes.length,
      protocol: 6,
      source: from === 'client' ? CLIENT : address,
      destination: from === 'client' ? address : CLIENT,
    })
    TcpHeader.emit(view, 20, {
      sourcePort: from === 'client' ? clientPort : server[1],
      destinationPort: from === 'client' ? server[1] : clientPort,
      sequence: refusal ? 0 : sequence,
      acknowledgement: flags.includes('.') ? next[peer] : 0,
      flags: [...flags].reduce((bits, letter) => bits | FLAGS[letter]!, 0),
      window: flags.startsWith('R') ? 0 : 64_240,
    })
    return { time: (begins + at) * 1e6, bytes }
  })
}
