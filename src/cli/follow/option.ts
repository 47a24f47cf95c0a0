import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Side } from '../../flow/event.ts'
import { OVERLAP_POLICIES, type OverlapPolicy } from '../../stream/overlap.ts'
import { UserError } from '../../user-error.ts'

/** What `--follow` names. */
export interface FollowTarget {
  readonly flow: number
  /** Only what this side sent. */
  readonly side?: Side
}

export interface FollowOptions {
  readonly follow?: FollowTarget
  readonly ascii?: true
  readonly hex?: true
  readonly raw?: true
  readonly extract?: string
  readonly overlap?: OverlapPolicy
}

export function addFollowOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--follow <flow>',
        'print the bytes of this flow, in order; `3:client` or `3:server` for one side',
      ).argParser(parseFollow),
    )
    .addOption(
      new Option('--ascii', 'followed bytes as text (the default)').conflicts(['hex', 'raw', 'json']),
    )
    .addOption(new Option('--hex', 'followed bytes as a hex dump').conflicts(['raw', 'json']))
    .addOption(
      new Option('--raw', 'followed bytes as they are, nothing else on stdout').conflicts([
        'json',
        'events',
        'flows',
        'packets',
        'summary',
      ]),
    )
    .option('--extract <folder>', 'write what each side of each flow sent to a file in this folder')
    .addOption(
      new Option('--overlap <policy>', 'which copy counts where segments overlap (default: "first")').choices(
        OVERLAP_POLICIES,
      ),
    )
}

/** `FLOW`, `FLOW:client` or `FLOW:server`. */
export function parseFollow(text: string): FollowTarget {
  const [, flow, side] = /^(\d+)(?::(client|server))?$/.exec(text) ?? []
  if (flow === undefined || !Number.isSafeInteger(Number(flow)))
    throw new InvalidArgumentError('it takes the id of a flow, with :client or :server for one side')
  return { flow: Number(flow), ...(side === undefined ? {} : { side: side as Side }) }
}

/** Whether bytes are to be reassembled at all. */
export function wantsStreams({ follow, extract }: FollowOptions): boolean {
  return follow !== undefined || extract !== undefined
}

/** Refuses options that would have no effect. */
export function checkFollowOptions(options: FollowOptions, stdoutIsTerminal: boolean): void {
  const { follow, overlap } = options
  for (const format of ['ascii', 'hex', 'raw'] as const)
    if (options[format] && follow === undefined)
      throw new UserError(`--${format} is about followed bytes`, { hint: 'say which flow with --follow' })
  if (overlap !== undefined && !wantsStreams(options))
    throw new UserError('--overlap is about reassembled bytes', { hint: 'use it with --follow or --extract' })
  if (options.raw && stdoutIsTerminal)
    throw new UserError('Raw bytes could take over the terminal', {
      hint: 'send them to a file or another program, or use --ascii or --hex',
    })
}
