import { Command } from 'commander'
import { defineList } from '../../src/cli/list.ts'
import { UserError } from '../../src/user-error.ts'

/** `list` alone, from source: for tests that run it in a network namespace. */
const program = new Command('socktrace')
defineList(program)
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' })
} catch (error) {
  if (!(error instanceof UserError)) throw error
  process.stderr.write(`socktrace: ${error.message}\n${error.hint ?? ''}\n`)
  process.exitCode = error.exitCode
}
