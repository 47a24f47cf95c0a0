import type { Command } from 'commander'
import { addInterfaceOptions, type InterfaceOptions } from './capture-options.ts'
import { processIo } from './io.ts'
import { addStreamOptions, parseDuration, type StreamOptions } from './options.ts'

/** Plain `socktrace`: the sockets as they are, then what happens to them. */
export interface PlainOptions extends StreamOptions, InterfaceOptions {
  readonly duration?: number
}

export function defineStream(program: Command): void {
  addStreamOptions(addInterfaceOptions(program))
    .option('--duration <time>', 'end after this long: 5s, 500ms, 2m, 1h', parseDuration)
    .action(async (options: PlainOptions) => {
      const { runStream } = await import('./stream/run.ts')
      await runStream(options, processIo(options.quiet))
    })
}
