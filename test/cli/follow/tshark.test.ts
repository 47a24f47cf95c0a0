import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from '../../../src/flow/event.ts'
import { corporaTest } from '../../support/corpora.ts'
import { readCsv } from '../../support/csv-file.ts'
import { type Followed, followAll } from '../../support/followed.ts'
import { FILE, mapPairwise, toolOutput } from '../../support/tool-output.ts'

/** What differs, and why; docs/differences.md says it to readers. `N client` is a side of flow N. */
const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {
  'arkime+arkime/tests/pcap/tcpseq_synthetic.pcap': ['0 client'],
  'the-tcpdump-group+libpcap/tests/filter/AH-IPcomp-IPv4.pcap': ['0 client', '0 server'],
  'the-tcpdump-group+libpcap/tests/filter/AH-IPcomp-IPv6.pcap': ['0 client', '0 server'],
  'the-tcpdump-group+tcpdump/tests/bgp-cease-hard-reset.pcap': ['0 server'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_data-trunc.pcap': ['0 server'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_data.pcap': ['0 server'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_diag_payload-trunc.pcap': ['0 client'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_diag_payload.pcap': ['0 client'],
  'zeek+zeek/testing/btest/Traces/ftp/bigtransfer.pcap': ['2 server'],
  'zeek+zeek/testing/btest/Traces/tunnels/gre-aruba-amsdu.pcap': ['0 server'],
}

/** Wireshark puts this text where bytes are missing; its final NUL is part of it. */
const MISSING = /^\[\d+ bytes missing in capture file\]\0?$/
/** Packets inside OpenFlow messages would change whose bytes the messages are. */
const QUIET = ['-n', '-q', '--disable-protocol', 'openflow']

interface Conversation {
  readonly nodes: readonly [string, string]
  /** What each node sent. */
  readonly bytes: readonly [Buffer, Buffer]
}

function conversations(output: string): Conversation[] {
  const blocks = output.matchAll(/^Filter: tcp\.stream eq (\d+)\nNode 0: (.*)\nNode 1: (.*)\n([^=]*)^=/gm)
  const inOrder = [...blocks].sort((a, b) => Number(a[1]) - Number(b[1]))
  return inOrder.map(([, , zero, one, body]) => {
    const lines = body!.split('\n').filter((line) => line !== '')
    const sent = (tabbed: boolean): Buffer =>
      Buffer.concat(
        lines
          .filter((line) => line.startsWith('\t') === tabbed)
          .map((line) => Buffer.from(line.trim(), 'hex'))
          .filter((part) => !MISSING.test(part.toString('latin1'))),
      )
    return { nodes: [zero!, one!], bytes: [sent(false), sent(true)] }
  })
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const plain = ({ addr, port }: Endpoint): string => `${addr}:${port}`
const bracketed = ({ addr, port }: Endpoint): string => `[${addr}]:${port}`
const isAt = (end: Endpoint, node: string): boolean => plain(end) === node || bracketed(end) === node

/** The sides that are not the same; each conversation is the first flow between its nodes that is left. */
function compare(
  theirs: readonly Conversation[],
  ours: readonly Followed[],
): { sides: number; unlike: string[] } {
  const left = [...ours]
  const unlike: string[] = []
  let sides = 0
  for (const { nodes, bytes } of theirs) {
    const at = left.findIndex(({ flow: { client, server } }) =>
      nodes.some((node, i) => isAt(client, node) && isAt(server, nodes[1 - i]!)),
    )
    if (at === -1) {
      // Headers that an ICMP error quotes are a stream of their own there, without bytes.
      if (bytes[0].length + bytes[1].length > 0) unlike.push(`${nodes.join(' ')}: not a flow`)
      continue
    }
    const [followed] = left.splice(at, 1)
    const clientFirst = isAt(followed!.flow.client, nodes[0])
    for (const side of ['client', 'server'] as const) {
      sides++
      const expected = bytes[(side === 'client') === clientFirst ? 0 : 1]
      if (hash(Buffer.concat(followed![side].parts)) !== hash(expected))
        unlike.push(`${followed!.flow.id} ${side}`)
    }
  }
  return { sides, unlike }
}

/** tshark takes minutes for all captures: `make test` asks it of each third, and of those where it differs. */
const EVERY = process.env['SOCKTRACE_FULL'] === '1'

corporaTest('reassembled bytes are those of tshark, or differ for a reason that is told', async (folder) => {
  const captures = readCsv(join(folder, 'index.csv')).filter((row) => Number(row['tcp_streams']) > 0)
  const files = captures.filter(
    ({ path }, index) => EVERY || index % 3 === 0 || Object.hasOwn(DIFFERENCES, path!),
  )
  let sides = 0
  const found: Record<string, readonly string[]> = {}
  await mapPairwise(files, async ({ path, tcp_streams: streams }) => {
    const file = join(folder, path!)
    const taps = Array.from({ length: Number(streams) }, (_, id) => ['-z', `follow,tcp,raw,${id}`])
    const theirs = conversations(await toolOutput('tshark', [...QUIET, '-r', FILE, ...taps.flat()], file))
    const result = compare(theirs, await followAll(file))
    sides += result.sides
    if (result.unlike.length > 0) found[path!] = result.unlike
  })
  assert.ok(sides > (EVERY ? 2300 : 700), `${sides} sides compared`)
  assert.deepEqual(Object.fromEntries(Object.entries(found).sort()), DIFFERENCES)
  const page = readFileSync('docs/differences.md', 'utf8')
  for (const path of Object.keys(DIFFERENCES)) assert.ok(page.includes(`\`${path.split('/').at(-1)}\``), path)
})
