import type { Command } from 'commander'
import { addCommonOptions, type CommonOptions } from './options.ts'

export function defineDevices(program: Command): void {
  addCommonOptions(program.command('devices'))
    .description('list the interfaces that can be captured on')
    .action(async (options: CommonOptions) => {
      const { runDevices } = await import('./devices/run.ts')
      runDevices(options)
    })
}
