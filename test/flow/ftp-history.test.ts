import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { feedFile } from '../support/feed.ts'
import { type CapturedSegment, writeTcpCapture } from '../support/tcp-capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-ftp-'))
after(() => rmSync(folder, { recursive: true }))

const LONG = `${'x'.repeat(101)}\r\n`
const FTP = 21

const CASES: readonly [
  what: string,
  client: readonly string[],
  server: string,
  port: number,
  seen: string,
][] = [
  ['a long command is marked once', ['NOOP\r\n', LONG, LONG], 'ok\r\n', FTP, 'ShADdX'],
  ['the first data is not', [LONG], 'ok\r\n', FTP, 'ShADd'],
  ["nor is a server's line", ['NOOP\r\n'], LONG, FTP, 'ShADd'],
  ['nor is another protocol', ['NOOP\r\n', LONG], 'ok\r\n', 80, 'ShADd'],
]

for (const [what, lines, answer, serverPort, expected] of CASES)
  for (const ethernet of [false, true])
    test(`history${ethernet ? ', by the short cut' : ''}: ${what}`, () => {
      const path = join(folder, 'ftp.pcapng')
      const segments: CapturedSegment[] = [
        ['client', 'S', 0, 0],
        ['server', 'S.', 0, 1],
        ['client', '.', 1, 1],
      ]
      let sent = 1
      for (const [index, line] of lines.entries()) {
        segments.push(['client', 'P.', sent, index === 0 ? 1 : 1 + answer.length, line])
        sent += line.length
        if (index === 0) segments.push(['server', 'P.', 1, sent, answer])
      }
      writeTcpCapture(path, [segments], { serverPort, ethernet })
      assert.equal(feedFile(path, {}, undefined, ethernet).records[0]!.history, expected)
    })
