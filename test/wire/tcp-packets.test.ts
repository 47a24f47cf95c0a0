import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { PacketBatch } from '../../src/capture/batch.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import { formatAddress } from '../../src/wire/address.ts'
import { Frame } from '../../src/wire/frame.ts'
import { KIND_TCP, PacketStack } from '../../src/wire/stack.ts'
import { askAll } from '../oracles/facts.ts'
import { packetsOf, TSHARK, type TsharkFacts } from '../oracles/tshark.ts'
import { corporaTest } from '../support/corpora.ts'
import { readCsv } from '../support/csv-file.ts'
import { feedFile } from '../support/feed.ts'

/** Where the packets or streams differ from tshark's, and why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ['tests/sflow_expanded.pcap', 'a sampled header in a report is not a packet that passed here'],
  [
    'tests/bigtcp-ipv4-geneve-ipv6.pcap',
    'an IPv6 length of 0 is BIG TCP; tshark 4.0 finds the packet malformed',
  ],
  [
    'tests/bigtcp-ipv6-geneve-ipv4.pcap',
    'an IPv6 length of 0 is BIG TCP; tshark 4.0 finds the packet malformed',
  ],
  [
    'tests/bigtcp-ipv6-vxlan-ipv4.pcap',
    'an IPv6 length of 0 is BIG TCP; tshark 4.0 finds the packet malformed',
  ],
  ['tests/bigtcp-ipv6.pcap', 'an IPv6 length of 0 is BIG TCP; tshark 4.0 finds the packet malformed'],
  ['tests/of13_ericsson.pcapng', 'tshark also takes the packet for one that an OpenFlow message carries'],
  ['mpls_pw/06_mpls_pw_eth_vlan_ipv4_tcp_cw.pcap', 'tshark takes the control word (RFC 4385) for an address'],
  ['showcase/pcap_flow_lab_showcase.pcap', 'tshark takes the control word (RFC 4385) for an address'],
  [
    'tests/timestamp_invalid_micro.pcap',
    'a fraction of 2147 seconds is taken as it stands, and so long a silence ends a connection attempt',
  ],
])

corporaTest(
  'TCP packets and streams are those of tshark, through every link layer, tunnel and fragment',
  async (folder) => {
    const rows = readCsv(join(folder, 'index.csv'))
    const asked = await askAll(
      TSHARK,
      rows.map((row) => join(folder, row['path']!)),
    )
    const unequal = rows.flatMap((row, index) => compare(folder, row, asked[index]))
    const known = (line: string) => [...DIFFERENCES.keys()].some((name) => line.split(':')[0]!.endsWith(name))
    assert.deepEqual(
      unequal.filter((line) => !known(line)),
      [],
    )
    for (const name of DIFFERENCES.keys())
      assert.ok(
        unequal.some((line) => line.split(':')[0]!.endsWith(name)),
        `${name} does not differ any more`,
      )
  },
)

/** One line for each thing in which the file's packets differ. tshark's word is kept as each packet's stream and direction. */
function compare(
  folder: string,
  row: Record<string, string>,
  tshark: TsharkFacts | undefined,
): readonly string[] {
  const name = row['path']!
  const path = join(folder, name)
  if (tshark === undefined) return [`${name}: there is no ${TSHARK.tool} ${TSHARK.version} to ask about it`]
  const theirs = packetsOf(tshark)
  const ours = readOurs(path)
  const lines: string[] = []
  for (const number of new Set([...theirs.keys(), ...ours.keys()])) {
    if (theirs.get(number) === ours.get(number)) continue
    lines.push(`${name}: packet ${number} is ${ours.get(number)}, for tshark ${theirs.get(number)}`)
  }
  const streams = Number(row['tcp_streams']) - Number(row['tcp_streams_icmp_quoted_only'])
  const { flows } = feedFile(path)
  if (flows !== streams) lines.push(`${name}: ${flows} streams, for tshark ${streams}`)
  return lines
}

function readOurs(path: string): Map<number, string> {
  const seen = new Map<number, string>()
  const stored = readFileSync(path)
  const file = new Uint8Array(sniffCapture(stored) === 'gzip' ? gunzipSync(stored) : stored)
  const format = sniffCapture(file)
  if (format !== 'pcap' && format !== 'pcapng') return seen
  const decoder = openDecoder(format)
  const batch = new PacketBatch()
  const view = new DataView(file.buffer)
  batch.reset(file, view)
  decoder.decode(file, view, 0, file.length, batch)
  const frame = new Frame()
  const stack = new PacketStack()
  frame.rebind(file, view)
  for (let row = 0; row < batch.count; row++) {
    frame.move(batch.start[row]!, batch.captured[row]!, batch.original[row]!)
    const { linkType } = decoder.interfaces[batch.iface[row]!]!
    if (stack.walk(frame, linkType, batch.time[row]!) !== KIND_TCP) continue
    const source = `${formatAddress(stack.family, stack.source)} ${stack.sourcePort}`
    const destination = `${formatAddress(stack.family, stack.destination)} ${stack.destinationPort}`
    seen.set(batch.number[row]!, `${source} ${destination}`)
  }
  return seen
}
