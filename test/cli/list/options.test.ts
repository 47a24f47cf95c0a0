import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command, CommanderError } from 'commander'
import { defineList } from '../../../src/cli/list.ts'
import { UserError } from '../../../src/user-error.ts'

/** How a command line is refused before anything runs. */
async function refusal(line: string): Promise<string> {
  const program = new Command()
  defineList(program)
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeErr: () => {} })
  try {
    await program.parseAsync(['list', ...line.split(' ')], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError || error instanceof UserError) return error.message
    throw error
  }
  return 'none'
}

const MIXTURES: readonly (readonly [line: string, refusal: RegExp])[] = [
  ['--watch -K sport = :1', /--watch .* cannot be used with .*--kill/],
  ['--watch --csv', /--watch .* cannot be used with .*--csv/],
  ['--watch --quiet', /--watch .* cannot be used with .*--quiet/],
  ['-s --csv', /--summary' cannot be used with .*--csv/],
  ['-s --sort pid', /--summary' cannot be used with .*--sort/],
  ['-s --columns pid', /--summary' cannot be used with .*--columns/],
  ['-s -K sport = :1', /--summary' cannot be used with .*--kill/],
  ['--group-by state --columns pid', /--group-by .* cannot be used with .*--columns/],
  ['--group-by state --tree', /--group-by .* cannot be used with .*--tree/],
  ['--tree --columns pid', /--tree' cannot be used with .*--columns/],
  ['--format ss --csv', /--format .* cannot be used with .*--csv/],
  ['--format ss --json', /--format .* cannot be used with .*--json/],
  ['-K --json sport = :1', /--kill' cannot be used with .*--json/],
  ['-c 3', /-c counts the listings of --watch/],
  ['--yes sport = :1', /--yes answers the question of -K/],
  ['-s state listening', /-s counts every socket: it takes no filter/],
  ['-s sport = (', /-s counts every socket: it takes no filter/],
]

for (const [line, expected] of MIXTURES)
  test(`list ${line} is refused`, async () => assert.match(await refusal(line), expected))
