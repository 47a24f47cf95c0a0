import type { Command } from 'commander'
import { addCommonOptions } from './options.ts'

export function defineSchema(program: Command): void {
  addCommonOptions(program.command('schema'))
    .description('print the JSON Schema of everything that `--json` prints')
    .action(async ({ json }: { readonly json?: true }) => {
      const { outputSchema } = await import('../render/schema.ts')
      const { processIo } = await import('./io.ts')
      const io = processIo()
      // `--json` promises one object a line; people read the indented form.
      io.write(`${JSON.stringify(outputSchema, null, json ? 0 : 2)}\n`)
      io.flush()
    })
}
