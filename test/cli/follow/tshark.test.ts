import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from '../../../src/flow/event.ts'
import { askAll } from '../../oracles/facts.ts'
import { bytesHash, type FollowedStream, TSHARK_FOLLOW, taps } from '../../oracles/follow.ts'
import { corporaTest } from '../../support/corpora.ts'
import { readCsv } from '../../support/csv-file.ts'
import { type Followed, followAll } from '../../support/followed.ts'
import { mapPairwise } from '../../support/tool-output.ts'

/** What differs, and why; docs/differences.md says it to readers. `N client` is a side of flow N. */
const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {
  'arkime+arkime/tests/pcap/tcpseq_synthetic.pcap': ['0 client'],
  'the-tcpdump-group+tcpdump/tests/bgp-cease-hard-reset.pcap': ['0 server'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_data-trunc.pcap': ['0 server'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_data.pcap': ['0 server'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_diag_payload-trunc.pcap': ['0 client'],
  'the-tcpdump-group+tcpdump/tests/tcp_rst_diag_payload.pcap': ['0 client'],
  'zeek+zeek/testing/btest/Traces/ftp/bigtransfer.pcap': ['2 server'],
  'zeek+zeek/testing/btest/Traces/tunnels/gre-aruba-amsdu.pcap': ['0 server'],
}

const plain = ({ addr, port }: Endpoint): string => `${addr}:${port}`
const bracketed = ({ addr, port }: Endpoint): string => `[${addr}]:${port}`
const isAt = (end: Endpoint, node: string): boolean => plain(end) === node || bracketed(end) === node

/** The sides that are not the same; each conversation is the first flow between its nodes that is left. */
function compare(
  theirs: readonly FollowedStream[],
  ours: readonly Followed[],
): { sides: number; unlike: string[] } {
  const left = [...ours]
  const unlike: string[] = []
  let sides = 0
  for (const [zero, one, ...sent] of theirs) {
    const nodes = [zero, one]
    const at = left.findIndex(({ flow: { client, server } }) =>
      nodes.some((node, i) => isAt(client, node) && isAt(server, nodes[1 - i]!)),
    )
    if (at === -1) {
      // Headers that an ICMP error quotes are a stream of their own there, without bytes.
      if (sent.join('') !== '') unlike.push(`${nodes.join(' ')}: not a flow`)
      continue
    }
    const [followed] = left.splice(at, 1)
    const clientFirst = isAt(followed!.flow.client, zero)
    for (const side of ['client', 'server'] as const) {
      sides++
      const expected = sent[(side === 'client') === clientFirst ? 0 : 1]
      if (bytesHash(Buffer.concat(followed![side].parts)) !== expected)
        unlike.push(`${followed!.flow.id} ${side}`)
    }
  }
  return { sides, unlike }
}

corporaTest('reassembled bytes are those of tshark, or differ for a reason that is told', async (folder) => {
  const files = readCsv(join(folder, 'index.csv')).filter((row) => Number(row['tcp_streams']) > 0)
  const paths = files.map(({ path }) => join(folder, path!))
  const theirs = await askAll(
    TSHARK_FOLLOW,
    paths,
    files.map((row) => taps(Number(row['tcp_streams']))),
  )
  let sides = 0
  const found: Record<string, readonly string[]> = {}
  await mapPairwise([...files.entries()], async ([index, { path }]) => {
    assert.ok(theirs[index] !== undefined, `tshark ${TSHARK_FOLLOW.version} said nothing of ${path}`)
    const result = compare(theirs[index], await followAll(paths[index]!))
    sides += result.sides
    if (result.unlike.length > 0) found[path!] = result.unlike
  })
  assert.ok(sides > 2300, `${sides} sides compared`)
  assert.deepEqual(Object.fromEntries(Object.entries(found).sort()), DIFFERENCES)
  const page = readFileSync('docs/differences.md', 'utf8')
  for (const path of Object.keys(DIFFERENCES)) assert.ok(page.includes(`\`${path.split('/').at(-1)}\``), path)
})
