import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ColorChoice } from '../render/style.ts'
import { TIME_FORMATS, type TimeFormat } from '../render/time.ts'

/** The options that mean the same everywhere. */
export interface CommonOptions {
  readonly json?: true
  readonly color: ColorChoice
  readonly quiet?: true
  readonly verbose?: true
}

/** `--netns`: everything that the command does is done there. */
export function addNetnsOption(command: Command, more = ''): Command {
  return command
    .option('--netns <namespace>', `in another network namespace: its name, path, or a pid in it${more}`)
    .hook('preAction', async (hooked, action) => {
      // Hooks of plain `socktrace` are called for its subcommands too.
      const { netns } = action.opts<{ netns?: string }>()
      if (hooked !== action || netns === undefined) return
      const { enterNetns } = await import('../host/netns.ts')
      await enterNetns(netns)
    })
}

/** What plain `socktrace`, `trace` and `read` share on top of them. */
export interface StreamOptions extends CommonOptions {
  readonly timeFormat: TimeFormat
  readonly resolve?: true
  readonly count?: number
}

export function addCommonOptions(command: Command): Command {
  return addVerbose(command)
    .option('--json', 'print NDJSON: one object a line, nothing else on stdout (`socktrace schema`)')
    .addOption(
      new Option('--color <when>', 'use colours').choices(['auto', 'always', 'never']).default('auto'),
    )
    .option('-q, --quiet', 'no notes on stderr')
}

/** `-v`: at its end the command says what it took. */
export function addVerbose(command: Command): Command {
  return command
    .option('-v, --verbose', 'say on stderr what it took: time, processor, memory')
    .hook('postAction', (hooked, action) => {
      // Hooks of plain `socktrace` are called for its subcommands too.
      if (hooked !== action) return
      const { verbose, quiet, q } = action.opts<{ verbose?: true; quiet?: true; q?: true }>()
      if (verbose && !quiet && !q) writeCost()
    })
}

function writeCost(): void {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  const [wall, processor] = [performance.now() / 1000, (userCPUTime + systemCPUTime) / 1e6]
  process.stderr.write(
    `socktrace: ${wall.toFixed(2)} s, processor ${processor.toFixed(2)} s, peak memory ${(maxRSS / 1024).toFixed(0)} MB\n`,
  )
}

export function addStreamOptions(command: Command): Command {
  return addCommonOptions(command)
    .option('-n, --numeric', 'numbers instead of names (the default)')
    .option(
      '-r, --resolve',
      'show names: of well-known ports, and of addresses where a file or DNS answers seen name them',
    )
    .addOption(
      new Option('--time-format <format>', 'how times are shown in text')
        .choices(TIME_FORMATS)
        .default('local'),
    )
    .option('-c, --count <n>', 'end after this many packets', parsePositive)
}

/** A whole number from 1 on. */
export function parsePositive(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('it takes a whole number from 1 on')
  return number
}

/** The kernel counts a ring's blocks and bytes in 32 bits. */
const LARGEST_RING_MIB = 4095

/** Size of a ring in MiB. */
export function parseRingSize(text: string): number {
  const number = parsePositive(text)
  if (number > LARGEST_RING_MIB) throw new InvalidArgumentError(`it takes at most ${LARGEST_RING_MIB} MiB`)
  return number
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** What a timer of Node can wait is 2³¹ - 1 ms. */
const LONGEST_HOURS = 596

/** `5s`, `500ms`, `2m`, `1h`, or plain seconds, as milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Number(number) * UNIT_MS[unit]!
  if (!(ms > 0)) throw new InvalidArgumentError('it takes a time such as 5s, 500ms, 2m or 1h')
  if (ms > LONGEST_HOURS * UNIT_MS['h']!) throw new InvalidArgumentError(`it takes at most ${LONGEST_HOURS}h`)
  return ms
}

/** Numbers of an option that can be given several times. */
export function collectNumbers(value: string, before: readonly number[] = []): readonly number[] {
  return [...before, parsePositive(value)]
}

/** Names of an option that can be given several times. */
export function collectNames(value: string, before: readonly string[] = []): readonly string[] {
  if (value === '') throw new InvalidArgumentError('it takes a name')
  return collect(value, before)
}

/** For options that can be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
