import { Command, CommanderError } from 'commander'
import { ClosedPipe, writeAll } from '../host/output.ts'
import { EXIT, UserError } from '../user-error.ts'
import { COMMANDS, commandOf } from './commands.ts'
import { writeCrash, writeErrorLine } from './error-line.ts'
import { defineStream } from './stream.ts'
import { unknownCommand, usageError } from './usage-error.ts'
import { VERSION } from './version.ts'

const DESCRIPTION =
  'Every socket with its state and its process, and every TCP handshake annotated as it happens.'

/** Help goes out like everything else: a closed pipe and a full disk are known errors. */
function writeOut(text: string): void {
  writeAll(1, Buffer.from(text))
}

/** The command that has an option which plain `socktrace` does not. */
async function ownerOfOption(message: string): Promise<string | undefined> {
  const flag = /^error: unknown option '(-[^' ]*)'/.exec(message)?.[1]
  if (flag === undefined) return undefined
  const all = await buildProgram(undefined)
  return all.commands
    .find((command) => command.options.some(({ short, long }) => short === flag || long === flag))
    ?.name()
}

/**
 * Builds the program with only the command that is asked for, so that nothing else is loaded;
 * without one (`--help`, a mistyped command) it has all of them.
 */
export async function buildProgram(wanted: string | undefined): Promise<Command> {
  const program = new Command('socktrace').description(DESCRIPTION)
  program.version(VERSION, '-V, --version', 'show the version').helpCommand(false).enablePositionalOptions()
  defineStream(program)
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (wanted !== undefined && name !== wanted) continue
    const define = await load()
    define(program)
  }
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ writeErr: () => {}, writeOut })
      .helpOption('-h, --help', 'show help')
  }
  return program
}

async function explain(error: CommanderError, command: string | undefined): Promise<UserError> {
  const plain = usageError(error, command)
  if (command !== undefined) return plain
  const owner = await ownerOfOption(error.message)
  if (owner === undefined) return plain
  return new UserError(plain.message, { hint: `\`socktrace ${owner}\` has it`, cause: error })
}

/** Of `run`, whose own statuses are those of the command that it runs (env(1), time(1)). */
const RUN_FAILED = 125

/** Runs one command line; every failure becomes a line on stderr and an exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = commandOf(args)
  try {
    const first = args[0]
    if (command === undefined && first !== undefined && !first.startsWith('-'))
      throw unknownCommand(first, Object.keys(COMMANDS))
    const wantsHelp = args[0] === '-h' || args[0] === '--help'
    const wantsAll = wantsHelp || command === 'completion' || command === 'help'
    const program = await buildProgram(wantsAll ? undefined : (command ?? 'none'))
    await program.parseAsync([...args], { from: 'user' })
    return (process.exitCode as number | undefined) ?? EXIT.fine
  } catch (error) {
    if (error instanceof ClosedPipe) return EXIT.fine
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.fine
      const code = writeErrorLine(await explain(error, command), command === 'run' ? [] : args)
      return command === 'run' ? RUN_FAILED : code
    }
    if (error instanceof UserError) {
      const code = writeErrorLine(error, command === 'run' ? [] : args)
      return command === 'run' ? RUN_FAILED : code
    }
    return writeCrash(error, args)
  }
}
