import type { Command } from 'commander'
import { unknownCommand } from './usage-error.ts'

/** `program` has every command. */
export function defineHelp(program: Command): void {
  program
    .command('help')
    .summary('show the help of a command')
    .description('Shows what `--help` does: of a command, or of the program.')
    .argument('[command]', 'which command')
    .action((name: string | undefined) => {
      if (name === undefined) return program.outputHelp()
      const command = program.commands.find((each) => [each.name(), ...each.aliases()].includes(name))
      if (command === undefined)
        throw unknownCommand(
          name,
          program.commands.map((each) => each.name()),
        )
      command.outputHelp()
    })
}
