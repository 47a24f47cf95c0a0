import { createHash } from 'node:crypto'
import { FILE } from '../support/tool-output.ts'
import type { Oracle } from './facts.ts'

/** A stream's two ends as tshark writes them, and the SHA-256 of what each sent; empty where that is nothing. */
export type FollowedStream = readonly [node: string, other: string, sent: string, otherSent: string]

/** Wireshark puts this text where bytes are missing; its final NUL is part of it. */
const MISSING = /^\[\d+ bytes missing in capture file\]\0?$/

/** The bytes of every stream; each needs an argument of its own, `taps`. */
export const TSHARK_FOLLOW: Oracle<FollowedStream[]> = {
  tool: 'tshark',
  topic: 'follow',
  version: '4.0.17',
  versionArgs: ['--version'],
  // Packets inside OpenFlow messages would change whose bytes the messages are.
  args: ['-n', '-q', '--disable-protocol', 'openflow', '-r', FILE],
  distil: conversations,
}

export const taps = (streams: number): string[] =>
  Array.from({ length: streams }, (_, id) => ['-z', `follow,tcp,raw,${id}`]).flat()

export const bytesHash = (bytes: Buffer): string =>
  bytes.length === 0 ? '' : createHash('sha256').update(bytes).digest('hex')

function conversations(output: string): FollowedStream[] {
  const blocks = output.matchAll(/^Filter: tcp\.stream eq (\d+)\nNode 0: (.*)\nNode 1: (.*)\n([^=]*)^=/gm)
  const inOrder = [...blocks].sort((a, b) => Number(a[1]) - Number(b[1]))
  return inOrder.map(([, , zero, one, body]) => {
    const lines = body!.split('\n').filter((line) => line !== '')
    const sent = (tabbed: boolean): string =>
      bytesHash(
        Buffer.concat(
          lines
            .filter((line) => line.startsWith('\t') === tabbed)
            .map((line) => Buffer.from(line.trim(), 'hex'))
            .filter((part) => !MISSING.test(part.toString('latin1'))),
        ),
      )
    return [zero!, one!, sent(false), sent(true)]
  })
}
