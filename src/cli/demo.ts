import type { Command } from 'commander'
import { addCommonOptions, type CommonOptions } from './options.ts'

export interface DemoOptions extends CommonOptions {
  readonly lab?: true
}

export function defineDemo(program: Command): void {
  const demo = addCommonOptions(program.command('demo'))
    .summary('show the main job on real connections')
    .description('Shows the main job on real connections, in two network namespaces of its own; takes 10 s.')
    .argument('[command...]', 'with --lab: what to run there instead of a shell')
    .option(
      '--lab',
      'a shell in that network, where two services do not work: find out why (docs/tutorial.md)',
    )
    .passThroughOptions()
    .action(async (command: readonly string[], options: DemoOptions) => {
      const { runDemo } = await import('./demo/run.ts')
      await runDemo(command, options)
    })
  demo.command('__puppet <name>', { hidden: true }).action(async (name: string) => {
    const { runPuppet } = await import('./demo/puppet.ts')
    runPuppet(name)
  })
}
