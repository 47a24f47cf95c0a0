import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint } from '../../../src/flow/event.ts'
import { corporaTest } from '../../support/corpora.ts'
import { readCsv } from '../../support/csv-file.ts'
import { type FollowedSide, followAll } from '../../support/followed.ts'
import { runCommand } from '../../support/program.ts'

/** It does not put IP fragments together. */
const UNREAD = ['socks5-http-302-frag.pcap 0 client', 'socks5-http-302-frag.pcap 0 server']

/** As tcpflow names them: `010.000.000.001.40000`. */
function name({ addr, port }: Endpoint): string {
  const address = addr.includes(':')
    ? addr
    : addr
        .split('.')
        .map((part) => part.padStart(3, '0'))
        .join('.')
  return `${address}.${String(port).padStart(5, '0')}`
}

/** What tcpflow writes about a capture, by direction; it begins another file where a port pair is used again. */
function tcpflow(file: string): Map<string, Buffer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-tcpflow-'))
  try {
    const naming = ['-T', '%A.%a-%B.%b_%T%C%c', '-o', folder]
    // Its exit status says nothing: damaged files are read as far as possible here and there.
    runCommand(['tcpflow', '-q', '-E', 'tcpdemux', ...naming, '-r', file])
    const streams = new Map<string, Buffer[]>()
    for (const written of readdirSync(folder)) {
      const [direction] = written.split('_')
      streams.set(direction!, [...(streams.get(direction!) ?? []), readFileSync(join(folder, written))])
    }
    return streams
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Why the files of a direction differ, as far as it is told in docs/differences.md; `undefined` for any other reason. */
function reason({ parts, remarks }: FollowedSide, theirs: readonly Buffer[]): string | undefined {
  const ours = Buffer.concat(parts)
  if (theirs.some((bytes) => bytes.equals(ours))) return 'same'
  // Link-layer padding behind short packets counts as payload there.
  if (theirs.some((bytes) => bytes.length > ours.length && ours.equals(bytes.subarray(0, ours.length))))
    return 'padding'
  // The last copy wins there, holes and what snaplen cut are zeros.
  return remarks.length > 0 ? 'remarked' : undefined
}

corporaTest(
  'reassembled bytes are those of tcpflow where every byte came once and unpadded',
  async (folder) => {
    const files = readCsv(join(folder, 'index.csv')).filter(
      ({ tcp_streams: streams, format, path }) =>
        Number(streams) > 0 && /^pcap-/.test(format!) && !path!.endsWith('.gz'),
    )
    const counts: Record<string, number> = {}
    const unexplained: string[] = []
    for (const { path } of files) {
      const theirs = tcpflow(join(folder, path!))
      for (const { flow, client, server } of await followAll(join(folder, path!)))
        for (const [side, from, to] of [
          [client, flow.client, flow.server],
          [server, flow.server, flow.client],
        ] as const) {
          const written = theirs.get(`${name(from)}-${name(to)}`)
          // Tunnels, tags and IPv6 extension headers are not read there.
          if (side.parts.length === 0 || written === undefined) continue
          const why = reason(side, written)
          counts[why ?? ''] = (counts[why ?? ''] ?? 0) + 1
          if (why === undefined)
            unexplained.push(`${path!.split('/').at(-1)} ${flow.id} ${side === client ? 'client' : 'server'}`)
        }
    }
    assert.deepEqual(unexplained, UNREAD)
    assert.ok(
      counts['same']! > 1300 && counts['same']! > 9 * (counts['padding']! + counts['remarked']!),
      JSON.stringify(counts),
    )
  },
)
