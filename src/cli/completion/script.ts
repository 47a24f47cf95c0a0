import type { CommandModel } from '../command-model.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { zshCompletion } from './zsh.ts'

export function completionScript(shell: 'bash' | 'zsh' | 'fish', commands: readonly CommandModel[]): string {
  if (shell === 'bash') return bashCompletion(commands)
  return shell === 'zsh' ? zshCompletion(commands) : fishCompletion(commands)
}
