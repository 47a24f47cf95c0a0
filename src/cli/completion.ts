import { Argument, type Command } from 'commander'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** `program` has every command: the script is made from their definitions. */
export function defineCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print what makes a shell complete commands, options and values')
    .description(
      'Prints a script for the shell. bash: `source <(socktrace completion bash)` in ~/.bashrc; zsh: ' +
        '`socktrace completion zsh > ~/.zfunc/_socktrace`, with ~/.zfunc in fpath; fish: `socktrace completion fish > ' +
        '~/.config/fish/completions/socktrace.fish`.',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { commandModels } = await import('./command-model.ts')
      const { completionScript } = await import('./completion/script.ts')
      const { processIo } = await import('./io.ts')
      const io = processIo()
      io.write(completionScript(shell, commandModels(program)))
      io.flush()
    })
}
