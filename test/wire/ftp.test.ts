import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Frame } from '../../src/wire/frame.ts'
import { hasLongCommand } from '../../src/wire/ftp.ts'
import { PacketStack } from '../../src/wire/stack.ts'

const LONG = 'x'.repeat(101)

const CASES: readonly [payload: string, isLong: boolean][] = [
  ['', false],
  ['USER anonymous\r\n', false],
  [`${'x'.repeat(100)}\r\n`, false],
  [`${LONG}\r\n`, true],
  [`${LONG} argument\r\n`, true],
  [`  \t${LONG}\n`, true],
  [`NOOP\r\n${LONG}\r\n`, true],
  // An argument may be as long as it likes.
  [`RETR ${LONG}\r\n`, false],
  [` RETR ${LONG} ${LONG}\r\n`, false],
  [`1 ${LONG}\r\n`, false],
  // Not of letters alone; one that goes on, and one that is not text.
  [`${LONG}1\r\n`, true],
  [`1-${LONG}\r\n`, true],
  [LONG, false],
  [`${LONG}\0\r\n`, false],
  [`é${LONG}\r\n`, false],
  [`é\r\n${LONG}\r\n`, true],
]

for (const [payload, isLong] of CASES)
  test(`FTP payload ${JSON.stringify(payload.replaceAll(LONG, 'x×101'))}`, () => {
    const stack = new PacketStack()
    const bytes = Buffer.from(`outside${payload}${LONG}\r\n`)
    const frame = new Frame()
    frame.rebind(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length))
    stack.datagram.rebind(frame.bytes, frame.view)
    stack.payloadOffset = 'outside'.length
    stack.payloadCaptured = Buffer.byteLength(payload)
    assert.equal(hasLongCommand(stack), isLong)
  })
