import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { PacketBatch } from '../../src/capture/batch.ts'
import { END } from '../../src/capture/source.ts'
import { openCaptureFile } from '../../src/host/capture/capture-file.ts'
import { FileFilter } from '../../src/host/capture/file-filter.ts'
import { UserError } from '../../src/user-error.ts'
import { captureFiles, corporaTest } from '../support/corpora.ts'
import { runCommand } from '../support/program.ts'

/** One of each kind of expression: they make libpcap use every class of instruction. */
const FILTERS: readonly string[] = [
  'tcp',
  'udp',
  'icmp',
  'icmp6',
  'arp',
  'ip',
  'ip6',
  'not ip',
  'tcp or udp',
  'port 53',
  'port 80 or port 443',
  'src port 80',
  'dst port 53',
  'portrange 1-1024',
  'not port 53',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
  'tcp[13] = 18',
  'tcp[13] & 4 != 0',
  'ip[8] < 64',
  'ip[6:2] & 0x1fff != 0',
  'ip proto 47',
  'ip6 proto 58',
  'ip6 protochain 6',
  'greater 200',
  'less 100',
  'len > 60 and len <= 90',
  'host 10.0.0.1 or host 192.168.1.1',
  'net 10.0.0.0/8',
  'src net 192.168.0.0/16',
  'ip6 net fe80::/10',
  'ether broadcast',
  'ether multicast',
  'ether proto 0x86dd',
  'vlan',
  'vlan and tcp',
  'mpls',
  'pppoes',
  'icmp[icmptype] = icmp-echo',
  'tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420',
  '(ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2) != 0',
  'ip[2:2] % 2 = 1',
  'ip[4:2] ^ ip[2:2] > 1000',
  'udp[4:2] * 2 / 3 > 50',
  'len - 14 = ip[2:2]',
]
/** Every so many files: all of them against all filters take minutes. */
const STEP = 24

async function countPackets(path: string, filter: string): Promise<number | undefined> {
  const batch = new PacketBatch()
  const source = openCaptureFile(path, { filter: new FileFilter(filter) })
  let total = 0
  try {
    for (let count = await source.read(batch); count !== END; count = await source.read(batch)) total += count
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
  return source.truncated === undefined ? total : undefined
}

/** Packets that tcpdump itself lets through: it writes them, so each is 16 bytes and its own after a header of 24. */
function tcpdumpCount(path: string, filter: string): number | undefined {
  const { status, stdout } = runCommand(['tcpdump', '-nr', path, '--count', filter])
  const count = /^(\d+) packets?$/m.exec(stdout)?.[1]
  return status === 0 && count !== undefined ? Number(count) : undefined
}

corporaTest('filters: as many packets pass as in tcpdump, for every kind of filter', async (folder) => {
  const files = captureFiles(folder).filter((path) => statSync(path).size < 1_000_000)
  let compared = 0
  let passed = 0
  for (const [at, path] of files.entries()) {
    if (at % STEP !== 0) continue
    // Each file meets a third of the filters; every filter meets a third of the files.
    for (let i = (at / STEP) % 3; i < FILTERS.length; i += 3) {
      const filter = FILTERS[i]!
      const expected = tcpdumpCount(path, filter)
      const actual = await countPackets(path, filter)
      if (expected === undefined || actual === undefined) continue
      assert.equal(actual, expected, `${path} ${filter}`)
      compared++
      passed += actual
    }
  }
  assert.ok(compared > 200, `only ${compared} comparisons were possible`)
  assert.ok(passed > 1000)
})
