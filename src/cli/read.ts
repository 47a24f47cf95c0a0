import { type Command, Option } from 'commander'
import { UserError } from '../user-error.ts'
import { withoutLadderWord } from './analysis/ladder-option.ts'
import { type AnalysisOptions, addAnalysisOptions } from './capture-options.ts'
import { processIo } from './io.ts'
import { parseDuration } from './options.ts'

export interface ReadOptions extends AnalysisOptions {
  readonly filter?: string
  readonly followFile?: true
  readonly duration?: number
  readonly live?: true
}

export function defineRead(program: Command): void {
  const command = program
    .command('read')
    .summary('analyse capture files')
    .description(
      'Reads pcap and pcapng files, also compressed with gzip or zstd, and prints what happened to each ' +
        'connection in them. Several files are read as one, in the order of time.',
    )
    .argument('[file...]', 'capture files; `-` is standard input')
  addAnalysisOptions(command)
    .option('--filter <filter>', 'only packets that this capture filter accepts, as tcpdump takes it')
    .option('--follow-file', 'the file is still being written: wait for more, until Ctrl-C or --duration')
    .option('--duration <time>', 'end after this long: 5s, 500ms, 2m, 1h', parseDuration)
    .addOption(
      new Option('--live', 'open the full-screen view: play, step and seek through the files').conflicts([
        'json',
        'write',
        'followFile',
        'events',
        'flows',
        'failures',
        'format',
        'packets',
        'stats',
        'summary',
        'ladder',
        'follow',
        'extract',
        'count',
        'duration',
      ]),
    )
    .action(async (words: readonly string[], given: ReadOptions) => {
      const [files, options] = withoutLadderWord(words, given)
      // Commander cannot tell: `--ladder` may have the only file.
      if (files.length === 0)
        throw new UserError('<file> is missing', { hint: 'see `socktrace read --help`' })
      if (options.live) {
        const { runReplay } = await import('./read/replay.ts')
        return runReplay(files, options, processIo(options.quiet))
      }
      const { runRead } = await import('./read/run.ts')
      await runRead(files, options, processIo(options.quiet))
    })
}
