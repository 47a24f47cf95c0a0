import type { Command } from 'commander'
import { withoutLadderWord } from './analysis/ladder-option.ts'
import {
  type AnalysisOptions,
  addAnalysisOptions,
  addInterfaceOptions,
  DEFAULT_RING_MIB,
  DEFAULT_SNAPLEN,
  type InterfaceOptions,
} from './capture-options.ts'
import { processIo } from './io.ts'
import { collectNames, collectNumbers, parseDuration, parsePositive, parseRingSize } from './options.ts'

export interface TraceOptions extends AnalysisOptions, InterfaceOptions {
  readonly duration?: number
  readonly snaplen: number
  readonly bufferSize: number
  readonly promiscuous: boolean
  readonly pid?: readonly number[]
  readonly comm?: readonly string[]
  readonly container?: readonly string[]
}

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
    .option('-B, --buffer-size <mib>', "size of each interface's ring", parseRingSize, DEFAULT_RING_MIB)
    .option('-p, --no-promiscuous', 'do not put the interfaces into promiscuous mode')
    .option('--pid <pid>', 'only connections of this process (repeatable)', collectNumbers)
    .option('--comm <name>', 'only connections of processes with this name (repeatable)', collectNames)
    .option(
      '--container <name>',
      'only connections of this container, by name or id (repeatable)',
      collectNames,
    )
    .action(async (words: readonly string[], given: TraceOptions) => {
      const [filter, options] = withoutLadderWord(words, given)
      const { runTrace } = await import('./trace/run.ts')
      await runTrace(filter.join(' '), options, processIo(options.quiet))
    })
}
