import type { Command, Option } from 'commander'

/** What manual and completions say of an option. */
export interface OptionModel {
  /** `-i` */
  readonly short?: string
  /** `--interface` */
  readonly long?: string
  /** `name` of `<name>`; absent for an option without a value. */
  readonly value?: string
  /** The value can be left out. */
  readonly optional: boolean
  readonly choices: readonly string[]
  readonly description: string
  readonly default?: string
}

export interface CommandModel {
  /** Empty for the program itself. */
  readonly name: string
  readonly aliases: readonly string[]
  /** As `--help` shows it: `[filter...]`. */
  readonly arguments: readonly ArgumentModel[]
  /** One line. */
  readonly summary: string
  readonly description: string
  readonly options: readonly OptionModel[]
}

interface ArgumentModel {
  readonly name: string
  readonly required: boolean
  readonly variadic: boolean
  readonly choices: readonly string[]
  readonly description: string
}

/** The whole command line as plain data, the program itself first: what manual and completions are made from. */
export function commandModels(program: Command): readonly CommandModel[] {
  return [program, ...program.commands].map((command, index) => ({
    name: index === 0 ? '' : command.name(),
    aliases: command.aliases(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      required: argument.required,
      variadic: argument.variadic,
      choices: argument.argChoices ?? [],
      description: argument.description,
    })),
    summary: command.summary() || command.description(),
    description: command.description(),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => optionModel(option)),
  }))
}

function optionModel(option: Option): OptionModel {
  const value = /[<[]([^\]>]+)[\]>]/.exec(option.flags)?.[1]
  const preset: unknown = option.defaultValue
  return {
    ...(option.short && { short: option.short }),
    ...(option.long && { long: option.long }),
    ...(value !== undefined && { value }),
    optional: option.optional,
    choices: option.argChoices ?? [],
    description: option.description,
    ...((typeof preset === 'string' || typeof preset === 'number') && { default: String(preset) }),
  }
}
