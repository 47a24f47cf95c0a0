import { Chalk, type ChalkInstance } from 'chalk'

/** What `--color` accepts. */
export type ColorChoice = 'auto' | 'always' | 'never'

/** The facts that decide on colour; `cli/` reads them from the process. */
export interface ColorFacts {
  readonly choice: ColorChoice
  readonly isTerminal: boolean
  readonly environment: { readonly [name: string]: string | undefined }
}

/**
 * `--color` wins; then NO_COLOR (any non-empty value), then FORCE_COLOR (`0` and `false` mean off), then
 * whether the output is a terminal that is not `dumb`.
 */
export function wantsColor({ choice, isTerminal, environment }: ColorFacts): boolean {
  if (choice !== 'auto') return choice === 'always'
  if (environment['NO_COLOR']) return false
  const forced = environment['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTerminal && environment['TERM'] !== 'dumb'
}

/** The colours of the program, by meaning; without colour every function returns its text as it is. */
export interface Style {
  readonly color: boolean
  readonly dim: ChalkInstance
  readonly bold: ChalkInstance
  readonly good: ChalkInstance
  readonly bad: ChalkInstance
  readonly warn: ChalkInstance
  readonly info: ChalkInstance
  readonly name: ChalkInstance
}

/** Sixteen colours only: they follow the user's own palette, on light and on dark backgrounds. */
export function createStyle(color: boolean): Style {
  const chalk = new Chalk({ level: color ? 1 : 0 })
  return {
    color,
    dim: chalk.dim,
    bold: chalk.bold,
    good: chalk.green,
    bad: chalk.red,
    warn: chalk.yellow,
    info: chalk.cyan,
    name: chalk.magenta,
  }
}

/** Colour of a socket or TCP state: it repeats what the word says, never carries it alone. */
export function stateStyle(style: Style, state: string): ChalkInstance {
  switch (state) {
    case 'ESTABLISHED':
      return style.good
    case 'LISTEN':
      return style.info
    case 'SYN_SENT':
    case 'SYN_RECV':
    case 'NEW_SYN_RECV':
    case 'CLOSE_WAIT':
      return style.warn
    case 'TIME_WAIT':
    case 'CLOSE':
    case 'CLOSED':
    case 'UNCONN':
      return style.dim
    default:
      return style.name
  }
}
