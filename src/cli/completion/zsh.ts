import type { CommandModel, OptionModel } from '../command-model.ts'
import { argumentKind, LISTINGS, type ValueKind, valueKind } from './values.ts'

/** A completion function for zsh (zshcompsys(1), `_arguments`). */
export function zshCompletion(commands: readonly CommandModel[]): string {
  const [program, ...others] = commands
  return `#compdef socktrace
# zsh completion of socktrace
_socktrace() {
  local context state line
  typeset -A opt_args
  _arguments -C \\
${program!.options.map((option) => `    ${specification(option)} \\\n`).join('')}    '1: :->command' '*:: :->argument'
  case $state in
    command)
      local -a commands=(
${others
  .flatMap(described)
  .map((line) => `        ${line}\n`)
  .join('')}      )
      _describe command commands ;;
    argument)
      case $line[1] in
${others.map(commandCase).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == _socktrace ]]; then _socktrace "$@"; else compdef _socktrace socktrace; fi
`
}

function described({ name, aliases, summary }: CommandModel): string[] {
  return [name, ...aliases].map((word) => quoted(`${word}:${summary.replaceAll(':', '\\:')}`))
}

function commandCase(command: CommandModel): string {
  const [argument] = command.arguments
  const words = argument?.choices ?? []
  const action = words.length > 0 ? `(${words.join(' ')})` : completer(argumentKind(command))
  const rest = argument === undefined ? [] : [quoted(`*:${argument.name}:${action}`)]
  const lines = [...command.options.map(specification), ...rest]
  return `        ${[command.name, ...command.aliases].join('|')})
          _arguments ${lines.map((line) => `\\\n            ${line}`).join(' ')} ;;`
}

/** `'(-i --interface)'{-i,--interface}'[text]:name:action'` */
function specification(option: OptionModel): string {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined)
  const action = option.choices.length > 0 ? `(${option.choices.join(' ')})` : completer(valueKind(option))
  const value = option.value === undefined ? '' : `${option.optional ? '::' : ':'}${option.value}:${action}`
  const text = quoted(`[${option.description.replace(/[[\]:]/g, '\\$&')}]${value}`)
  return flags.length === 1 ? `${flags[0]}${text}` : `{${flags.join(',')}}${text}`
}

function completer(kind: ValueKind): string {
  switch (kind) {
    case 'file':
      return '_files'
    case 'folder':
      return '_files -/'
    case 'user':
      return '_users'
    case 'command':
      return '_command_names -e'
    case 'none':
      return ' '
    default:
      return `($(${LISTINGS[kind].replaceAll("'", '"')}))`
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
