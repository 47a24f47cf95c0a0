import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { withoutLadderWord } from '../../src/cli/analysis/ladder-option.ts'
import { runRead } from '../../src/cli/read/run.ts'
import { defineRead, type ReadOptions } from '../../src/cli/read.ts'

export interface Printed {
  readonly stdout: string
  readonly notes: readonly string[]
}

/** Runs `read` with these arguments in this process, on a file with these bytes as its last argument. */
export async function readCommand(args: readonly string[], bytes: Uint8Array): Promise<Printed> {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-read-'))
  const path = join(folder, 'capture')
  writeFileSync(path, bytes)
  const chunks: string[] = []
  const notes: string[] = []
  const io = {
    write: (text: string) => chunks.push(text),
    writeBytes: (part: Uint8Array) => chunks.push(Buffer.from(part).toString('latin1')),
    note: (text: string) => notes.push(text),
    flush() {},
    isTerminal: false,
    columns: 80,
    rows: 24,
    env: {},
  }
  try {
    const { files, options } = parseRead([...args, path])
    await runRead(files, options, io, async () => {})
  } finally {
    rmSync(folder, { recursive: true })
  }
  return { stdout: chunks.join(''), notes }
}

/** What the command line makes of arguments. */
function parseRead(args: readonly string[]): { files: readonly string[]; options: ReadOptions } {
  const program = new Command().exitOverride().configureOutput({ writeErr() {} })
  defineRead(program)
  const command = program.commands[0]!.exitOverride().configureOutput({ writeErr() {} })
  let parsed: { files: readonly string[]; options: ReadOptions } | undefined
  command.action((words: readonly string[], given: ReadOptions) => {
    const [files, options] = withoutLadderWord(words, given)
    parsed = { files, options }
  })
  program.parse(['read', ...args], { from: 'user' })
  return parsed!
}
