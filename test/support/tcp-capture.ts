import { writeFileSync } from 'node:fs'
import { PcapngWriter } from '../../src/capture/pcapng-write.ts'
import { Ipv4Header } from '../../src/wire/ipv4.ts'
import { TcpHeader } from '../../src/wire/tcp.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/tcp-bits.ts'

const FLAGS: Readonly<Record<string, number>> = { F: FIN, S: SYN, R: RST, P: PSH, '.': ACK }
const LINK_RAW = 101
const LINK_ETHERNET = 1
/** Addresses of zeros, and the type of IPv4. */
const ETHERNET = Buffer.from('0000000000000000000000000800', 'hex')
const HEADERS = 40

/** Who sends, flags as tcpdump prints them, sequence and acknowledgement number, payload. */
export type CapturedSegment = readonly [
  from: 'client' | 'server',
  flags: string,
  sequence: number,
  acknowledgement: number,
  payload?: string,
]

export interface CaptureParts {
  readonly clientPort?: number
  readonly serverPort?: number
  /** Packets are in Ethernet frames, as the engine takes them by itself; else there is no link header. */
  readonly ethernet?: boolean
  /** Bytes kept of each packet. */
  readonly snaplen?: number
  /** Between two packets, ms. */
  readonly apart?: number
}

/** A pcapng file with the segments of 10.0.0.1 (client) and 10.0.0.2 (port 80), `apart` from 1 700 000 000 on. */
export function writeTcpCapture(
  path: string,
  connections: readonly (readonly CapturedSegment[])[],
  parts: CaptureParts = {},
): void {
  const { clientPort = 40_000, serverPort = 80, ethernet = false, snaplen = 65_535, apart = 1 } = parts
  const writer = new PcapngWriter('test')
  writer.originSeconds = 1_700_000_000
  const iface = writer.interface('lo', ethernet ? LINK_ETHERNET : LINK_RAW, snaplen)
  let time = 0
  connections.forEach((segments, i) => {
    for (const segment of segments) {
      const datagram = packet(segment, clientPort + i, serverPort)
      const bytes = ethernet ? Buffer.concat([ETHERNET, datagram]) : datagram
      const captured = Math.min(bytes.length, snaplen)
      writer.packet({ iface, time, bytes, start: 0, captured, original: bytes.length })
      time += apart * 1e6
    }
  })
  writeFileSync(path, writer.take())
}

function packet(
  [from, flags, sequence, acknowledgement, payload = '']: CapturedSegment,
  clientPort: number,
  serverPort: number,
): Uint8Array {
  const text = Buffer.from(payload, 'latin1')
  const bytes = new Uint8Array(HEADERS + text.length)
  const view = new DataView(bytes.buffer)
  const fromClient = from === 'client'
  const [client, server] = [0x0a00_0001, 0x0a00_0002]
  Ipv4Header.emit(view, 0, {
    totalLength: bytes.length,
    protocol: 6,
    source: fromClient ? client : server,
    destination: fromClient ? server : client,
  })
  TcpHeader.emit(view, 20, {
    sourcePort: fromClient ? clientPort : serverPort,
    destinationPort: fromClient ? serverPort : clientPort,
    sequence,
    acknowledgement,
    flags: [...flags].reduce((bits, letter) => bits | FLAGS[letter]!, 0),
    window: 65_535,
  })
  bytes.set(text, HEADERS)
  return bytes
}
