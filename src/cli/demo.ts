import type { Command } from 'commander'
import { addCommonOptions, type CommonOptions } from './options.ts'

export function defineDemo(program: Command): void {
  const demo = addCommonOptions(program.command('demo'))
    .description('show the main job on real connections, in two network namespaces of its own; takes 10 s')
    .action(async (options: CommonOptions) => {
      const { runDemo } = await import('./demo-run.ts')
      await runDemo(options)
    })
  demo.command('__puppet <name>', { hidden: true }).action(async (name: string) => {
    const { runPuppet } = await import('./demo-puppet.ts')
    runPuppet(name)
  })
}
