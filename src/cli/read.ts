import type { Command } from 'commander'
import { type AnalysisOptions, addAnalysisOptions } from './capture-options.ts'
import { processIo } from './io.ts'

export interface ReadOptions extends AnalysisOptions {
  readonly filter?: string
}

export function defineRead(program: Command): void {
  const command = program
    .command('read')
    .summary('analyse a capture file')
    .description('Reads a pcap or pcapng file and prints what happened to each connection in it.')
    .argument('<file>', 'capture file; `-` is standard input')
  addAnalysisOptions(command)
    .option('--filter <filter>', 'only packets that this capture filter accepts, as tcpdump takes it')
    .action(async (file: string, options: ReadOptions) => {
      const { runRead } = await import('./read-run.ts')
      await runRead(file, options, processIo(options.quiet))
    })
}
