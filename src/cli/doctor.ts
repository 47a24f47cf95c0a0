import type { Command } from 'commander'
import { addCommonOptions, type CommonOptions } from './options.ts'

export function defineDoctor(program: Command): void {
  addCommonOptions(program.command('doctor'))
    .description('show what works here with these privileges, and the command that mends what does not')
    .action(async (options: CommonOptions) => {
      const { runDoctor } = await import('./doctor/run.ts')
      await runDoctor(options)
    })
}
