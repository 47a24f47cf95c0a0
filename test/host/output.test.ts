import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { Output } from '../../src/host/output.ts'

test('text and bytes come out in the order in which they were written, whatever their lengths', () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-output-'))
  const part = fc.record({
    bytes: fc.boolean(),
    // Around a chunk of 64 KiB; a letter is up to three bytes.
    length: fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 20_000, max: 70_000 })),
    letter: fc.constantFrom('a', 'ä', '→'),
  })
  try {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const path = join(folder, 'written')
        const fd = openSync(path, 'w')
        const output = new Output(fd)
        let expected = ''
        for (const { bytes, length, letter } of parts) {
          const text = letter.repeat(length)
          expected += text
          if (!bytes) output.write(text)
          else {
            const borrowed = Buffer.from(text)
            output.writeBytes(borrowed)
            borrowed.fill(0)
          }
        }
        output.flush()
        closeSync(fd)
        assert.ok(readFileSync(path, 'utf8') === expected)
      }),
      { numRuns: 100 },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
