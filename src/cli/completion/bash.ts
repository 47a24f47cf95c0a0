import type { CommandModel, OptionModel } from '../command-model.ts'
import { argumentKind, flagsOf, LISTINGS, type ValueKind, valueKind, valueOptions } from './values.ts'

/** A completion script for bash 4 and newer, without the bash-completion package. */
export function bashCompletion(commands: readonly CommandModel[]): string {
  const [program, ...others] = commands
  const names = others.flatMap(({ name, aliases }) => [name, ...aliases])
  return `# bash completion of socktrace
_socktrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${names.join('|')}) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$command" in
${[...others, program!].map((command) => commandCase(command, names)).join('\n')}
  esac
}
complete -F _socktrace socktrace
`
}

function commandCase(command: CommandModel, names: readonly string[]): string {
  const pattern = command.name === '' ? "''" : [command.name, ...command.aliases].join('|')
  const values = valueOptions(command).map(valueCase)
  const words =
    command.name === '' ? names.join(' ') : command.arguments.flatMap(({ choices }) => choices).join(' ')
  return `    ${pattern})
      case "$before" in
${values.map((line) => `        ${line}`).join('\n')}
      esac
      if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '${flagsOf(command).join(' ')}' -- "$word")
      else
        ${wordCompletion(words, argumentKind(command))}
      fi ;;`
}

function wordCompletion(words: string, kind: ValueKind): string {
  return words === '' ? reply(kind) : `mapfile -t COMPREPLY < <(compgen -W '${words}' -- "$word")`
}

function valueCase(option: OptionModel): string {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined).join('|')
  const action =
    option.choices.length > 0 ? wordCompletion(option.choices.join(' '), 'none') : reply(valueKind(option))
  return `${flags}) ${action}; return ;;`
}

function reply(kind: ValueKind): string {
  switch (kind) {
    case 'file':
      return 'mapfile -t COMPREPLY < <(compgen -f -- "$word"); compopt -o filenames'
    case 'folder':
      return 'mapfile -t COMPREPLY < <(compgen -d -- "$word"); compopt -o filenames'
    case 'user':
      return 'mapfile -t COMPREPLY < <(compgen -u -- "$word")'
    case 'command':
      return 'mapfile -t COMPREPLY < <(compgen -c -- "$word")'
    case 'none':
      return ':'
    default:
      return `mapfile -t COMPREPLY < <(compgen -W "$(${LISTINGS[kind]})" -- "$word")`
  }
}
