import type { CommandModel } from './command-model.ts'
import { bashCompletion } from './completion-bash.ts'
import { fishCompletion } from './completion-fish.ts'
import { zshCompletion } from './completion-zsh.ts'

export function completionScript(shell: 'bash' | 'zsh' | 'fish', commands: readonly CommandModel[]): string {
  if (shell === 'bash') return bashCompletion(commands)
  return shell === 'zsh' ? zshCompletion(commands) : fishCompletion(commands)
}
