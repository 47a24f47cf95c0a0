import { type Command, Option } from 'commander'
import { UserError } from '../user-error.ts'
import { addLadderOptions } from './analysis/ladder-option.ts'
import type { SelectionOptions } from './analysis/report.ts'
import type { ViewOptions } from './analysis/views.ts'
import { addFollowOptions, type FollowOptions } from './follow/option.ts'
import { addNetnsOption, addStreamOptions, collect, parsePositive, type StreamOptions } from './options.ts'

/** As tcpdump's: longer than any packet that is not a kernel super-segment. */
export const DEFAULT_SNAPLEN = 262_144
export const DEFAULT_RING_MIB = 32
export const DEFAULT_MAX_FLOWS = 1_000_000

export type EngineChoice = 'auto' | 'ring' | 'cap' | 'none'

/** Where live packets come from. */
export interface InterfaceOptions {
  readonly interface?: readonly string[]
  readonly engine: EngineChoice
  readonly relinquishPrivileges?: string
}

/** What `trace` and `read` share. */
export interface AnalysisOptions extends StreamOptions, SelectionOptions, FollowOptions, ViewOptions {
  readonly write?: string
  readonly proto: 'tcp' | 'all'
  readonly maxFlows: number
  readonly absoluteSequence?: true
}

export function addInterfaceOptions(command: Command): Command {
  const interfaces = addNetnsOption(command).option(
    '-i, --interface <interface>',
    'capture on this interface (repeatable; default: every one)',
    collect,
  )
  return addEngineOptions(interfaces, ['auto', 'ring', 'cap', 'none'])
}

/** `choices` has `none` for commands that go on without packets. */
export function addEngineOptions(
  command: Command,
  choices: readonly EngineChoice[] = ['auto', 'ring', 'cap'],
): Command {
  const none = choices.includes('none') ? '; none: the kernel alone' : ''
  return command
    .hook('preAction', async (hooked, action) => {
      // Hooks of plain `socktrace` are called for its subcommands too.
      if (hooked === action) await refuseWhatFails(action)
    })
    .addOption(
      new Option('--engine <engine>', `how packets are captured: kernel ring, or libpcap through cap${none}`)
        .choices(choices)
        .default('auto'),
    )
    .option('-Z, --relinquish-privileges <user>', 'give up every privilege once the capture is open')
}

/** Options that have nothing to do where there are no packets. */
const OF_PACKETS = new Set(
  `interface snaplen bufferSize promiscuous count write packets absoluteSequence ladder follow extract format flows
  stats maxFlows`.split(/\s+/),
)

/** Before anything is opened. */
async function refuseWhatFails(command: Command): Promise<void> {
  const { engine, relinquishPrivileges } = command.opts<InterfaceOptions>()
  const given = command.options.find(
    (option) =>
      OF_PACKETS.has(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === 'cli',
  )
  if (engine === 'none' && given !== undefined)
    throw new UserError(`${given.long} is about packets: with --engine none there are none`, {
      hint: `leave out ${given.long}, or --engine none`,
    })
  if (relinquishPrivileges === undefined) return
  const { accountFor } = await import('../host/privileges.ts')
  accountFor(relinquishPrivileges)
}

export function addAnalysisOptions(command: Command): Command {
  return addLadderOptions(addFollowOptions(addStreamOptions(command)))
    .option(
      '-w, --write <file>',
      'also write the packets to this pcapng file, annotated with their processes',
    )
    .option('--events', 'print the events (the default)')
    .option('--flows', 'print the flow records, each at its end')
    .option('--failures', 'print only the verdicts: why connections failed or are stuck')
    .addOption(
      new Option(
        '--format <format>',
        "flow records as Zeek's conn.log or Suricata's EVE log have them, in JSON",
      )
        .choices(['zeek', 'eve'])
        .conflicts(['json', 'events', 'flows', 'packets', 'stats', 'ladder']),
    )
    .option('--packets', 'print a line for every packet')
    .option('-S, --absolute-sequence', 'sequence numbers of --packets as sent, not counted from the first')
    .option('--stats', 'print conversations, endpoints, round trips and what went wrong, at the end')
    .option('--summary', 'print only the summary')
    .addOption(
      new Option('--proto <which>', 'which flows have records').choices(['tcp', 'all']).default('tcp'),
    )
    .option('--max-flows <n>', 'flows held at a time', parsePositive, DEFAULT_MAX_FLOWS)
}
