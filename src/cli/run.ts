import type { Command } from 'commander'
import {
  type AnalysisOptions,
  addAnalysisOptions,
  addInterfaceOptions,
  DEFAULT_RING_MIB,
  DEFAULT_SNAPLEN,
  type InterfaceOptions,
} from './capture-options.ts'
import { parsePositive, parseRingSize } from './options.ts'

export interface RunOptions extends AnalysisOptions, InterfaceOptions {
  readonly snaplen: number
  readonly bufferSize: number
  readonly output?: string
  readonly user?: string
  readonly check?: true
}

export function defineRun(program: Command): void {
  const command = program
    .command('run')
    .summary('run a command and trace its connections')
    .description(
      'Runs a command and traces its connections and those of all processes that it starts. Standard input and ' +
        "output stay the command's: what is traced is told on standard error, or in the file that --output names. " +
        "The exit status is the command's, also where something of what was traced could not be told.",
    )
    .usage('[options] [--] <command> [args...]')
    .argument('<command>', 'the command')
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
  addAnalysisOptions(addInterfaceOptions(command))
    .option('-o, --output <file>', 'write what is traced to this file in place of standard error')
    .option('-u, --user <user>', 'run the command as this user, with the groups of that account')
    .option('--check', 'exit with 1 when the command succeeded but a connection failed')
    .option('-s, --snaplen <bytes>', 'keep only this much of each packet', parsePositive, DEFAULT_SNAPLEN)
    .option('-B, --buffer-size <mib>', "size of each interface's ring", parseRingSize, DEFAULT_RING_MIB)
    .action(async (file: string, args: readonly string[], options: RunOptions) => {
      const { runRun } = await import('./run/run.ts')
      await runRun(file, args, options)
    })
}
