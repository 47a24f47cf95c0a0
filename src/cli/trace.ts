import type { Command } from 'commander'
import {
  type AnalysisOptions,
  addAnalysisOptions,
  addInterfaceOptions,
  type InterfaceOptions,
} from './capture-options.ts'
import { processIo } from './io.ts'
import { collect, parseDuration, parsePositive } from './options.ts'

export interface TraceOptions extends AnalysisOptions, InterfaceOptions {
  readonly duration?: number
  readonly snaplen: number
  readonly bufferSize: number
  readonly promiscuous: boolean
  readonly pid?: readonly string[]
  readonly comm?: readonly string[]
}

/** As tcpdump's: longer than any packet that is not a kernel super-segment. */
const DEFAULT_SNAPLEN = 262_144
const DEFAULT_RING_MIB = 16

export function defineTrace(program: Command): void {
  const command = program
    .command('trace')
    .summary('watch connections live')
    .description(
      'Captures packets and prints what happens to each connection, with the processes at its ends.',
    )
    .argument('[filter...]', 'capture filter as tcpdump takes it, for example: tcp port 443')
  addAnalysisOptions(addInterfaceOptions(command))
    .option('--duration <time>', 'end after this long: 5s, 500ms, 2m, 1h', parseDuration)
    .option('-s, --snaplen <bytes>', 'keep only this much of each packet', parsePositive, DEFAULT_SNAPLEN)
    .option('-B, --buffer-size <mib>', "size of each interface's ring", parsePositive, DEFAULT_RING_MIB)
    .option('-p, --no-promiscuous', 'do not put the interfaces into promiscuous mode')
    .option('--pid <pid>', 'only connections of this process (repeatable)', collect)
    .option('--comm <name>', 'only connections of processes with this name (repeatable)', collect)
    .action(async (filter: readonly string[], options: TraceOptions) => {
      const { runTrace } = await import('./trace-run.ts')
      await runTrace(filter.join(' '), options, processIo(options.quiet))
    })
}
