import type { Command } from 'commander'
import { addCommonOptions, addNetnsOption, type CommonOptions } from './options.ts'

export function defineDevices(program: Command): void {
  addNetnsOption(addCommonOptions(program.command('devices')))
    .description('list the interfaces that can be captured on')
    .action(async (options: CommonOptions) => {
      const { runDevices } = await import('./devices/run.ts')
      runDevices(options)
    })
}
