import { type Command, Option } from 'commander'
import { UserError } from '../../user-error.ts'

export const LADDER_FORMATS = ['text', 'mermaid', 'svg'] as const
export type LadderAs = (typeof LADDER_FORMATS)[number]

export interface LadderOptions {
  /** A flow's id; true for the first flows; another word is not its own, see `withoutLadderWord`. */
  readonly ladder?: string | true
  readonly as?: LadderAs
}

export function addLadderOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--ladder [flow]',
        'draw this flow as a sequence diagram; without an id the first ones',
      ).conflicts('json'),
    )
    .addOption(
      new Option('--as <format>', 'how the ladder is drawn (default: "text")').choices(LADDER_FORMATS),
    )
}

const FLOW_ID = /^\d+$/

/**
 * An option with an optional value takes whatever word comes next: `--ladder FILE` names a file. Gives that word back
 * to the words that are no options.
 */
export function withoutLadderWord<Options extends LadderOptions>(
  words: readonly string[],
  options: Options,
): readonly [words: readonly string[], options: Options] {
  const { ladder } = options
  if (typeof ladder !== 'string' || FLOW_ID.test(ladder)) return [words, options]
  return [[ladder, ...words], { ...options, ladder: true }]
}

/** The id that was asked for; throws `UserError` for options that would have no effect. */
export function ladderFlow({ ladder, as }: LadderOptions): number | undefined {
  if (as !== undefined && ladder === undefined)
    throw new UserError('--as is about the ladder', { hint: 'use it with --ladder' })
  return typeof ladder === 'string' ? Number(ladder) : undefined
}
