import { type Command, Option } from 'commander'
import type { ColorChoice } from '../render/style.ts'
import { GROUPINGS, type Grouping } from '../sockets/group.ts'
import { UserError } from '../user-error.ts'
import { processIo } from './io.ts'
import { filterWords, ourOptions, parseQuery, type Table } from './list/ss-spellings.ts'
import { addVerbose, parseDuration, parsePositive } from './options.ts'

/** As `ss -f` calls them; `link` are packet sockets. */
const SS_FAMILIES = ['inet', 'inet6', 'unix', 'link', 'netlink', 'vsock'] as const
export type SsFamily = (typeof SS_FAMILIES)[number]

/** Options of `list`; FILTER words come apart from them. */
export interface ListOptions {
  readonly tcp?: true
  readonly udp?: true
  readonly raw?: true
  readonly unix?: true
  readonly udplite?: true
  readonly icmp?: true
  readonly packet?: true
  readonly mptcp?: true
  readonly sctp?: true
  readonly vsock?: true
  readonly netlink?: true
  /** `-A`: each is an option of its own too. */
  readonly query?: readonly Table[]
  readonly family?: SsFamily
  readonly listening?: true
  readonly boundInactive?: true
  readonly connected?: true
  readonly ipv4?: true
  readonly ipv6?: true
  /** Undefined is on. */
  readonly process?: boolean
  readonly threads?: true
  readonly numeric?: true
  readonly resolve?: true
  readonly extended?: true
  readonly options?: true
  readonly info?: true
  readonly netns?: string
  /** `-N`: the same */
  readonly net?: string
  /** `-F` */
  readonly filter?: string
  readonly summary?: true
  readonly kill?: true
  readonly yes?: true
  readonly memory?: true
  readonly header: boolean
  readonly oneline?: true
  readonly sort?: string
  readonly columns?: string
  readonly groupBy?: Grouping
  readonly tree?: true
  /** Milliseconds between two frames. */
  readonly watch?: number | true
  readonly count?: number
  readonly format?: 'ss'
  readonly csv?: true
  readonly json?: true
  readonly color: ColorChoice
  /** True unless `--no-pager`; undefined is off. */
  readonly pager?: boolean
  readonly quiet?: true
  /** `-q` */
  readonly q?: true
  readonly verbose?: true
}

/** Options that would be of no effect beside others, by their names. */
const CONFLICTS: Readonly<Record<string, readonly string[]>> = {
  watch: ['kill', 'csv', 'quiet'],
  summary: ['kill', 'csv', 'quiet', 'sort', 'columns', 'groupBy', 'tree', 'format'],
  groupBy: ['kill', 'columns', 'sort', 'tree', 'format'],
  tree: ['kill', 'csv', 'columns', 'format'],
  format: ['csv', 'json'],
  csv: ['json'],
  kill: ['json', 'csv', 'quiet'],
}

/** Says what words and options do not go together, where commander cannot. */
function refuseMixture(filter: readonly string[], options: ListOptions): void {
  if (options.count !== undefined && options.watch === undefined)
    throw new UserError('-c counts the listings of --watch', { hint: 'add --watch, or leave out -c' })
  if (options.yes && !options.kill)
    throw new UserError('--yes answers the question of -K', { hint: 'add -K, or leave out --yes' })
  if (options.threads && options.process === false)
    throw new UserError('-T shows the threads of processes', { hint: 'leave out --no-process' })
  if (options.summary && filter.length > 0)
    throw new UserError('-s counts every socket: it takes no filter', {
      hint: 'to count those that match: --group-by state',
    })
}

export function defineList(program: Command): void {
  const list = addVerbose(program.command('list'))
    .alias('ls')
    .summary('list sockets with their state and process')
    .description(
      'Lists the sockets of this machine once, TCP and UDP in every state when nothing is selected.\n' +
        'Options and FILTER are those of ss(8).',
    )
    .argument(
      '[filter...]',
      "for example: state established '( dport = :443 or sport = :443 )' dst 10.0.0.0/8",
    )
    .option('-t, --tcp', 'TCP sockets')
    .option('-u, --udp', 'UDP sockets')
    .option('-w, --raw', 'raw sockets')
    .option('-x, --unix', 'unix sockets')
    .option('-0, --packet', 'packet sockets: programs that capture')
    .option('-M, --mptcp', 'MPTCP sockets')
    .option('-S, --sctp', 'SCTP sockets')
    .option('--vsock', 'vsock sockets, between virtual machines and their host')
    .option('--netlink', 'netlink sockets, between programs and the kernel')
    .option('--udplite', 'UDP-Lite sockets')
    .option('--icmp', 'ping sockets')
    .option(
      '-A, --query <tables>',
      'which sockets, separated by commas: inet, all, tcp, …; !unix leaves out',
      parseQuery,
    )
    .option('-l, --listening', 'only listeners, and datagram sockets without a peer')
    .option('-a, --all', 'every state (the default)')
    .option('-B, --bound-inactive', 'only TCP sockets with a port that neither listen nor connect')
    .option('--connected', "only what has a peer (ss's own default)")
    .option('-4, --ipv4', 'only IPv4')
    .option('-6, --ipv6', 'only IPv6')
    .addOption(new Option('-f, --family <family>', 'only this family').choices(SS_FAMILIES))
    .option('-p, --process', 'the processes that hold the socket (the default)')
    .option('--processes', 'the same')
    .option('--no-process', 'do not look for processes')
    .option('-T, --threads', 'the threads of the processes too')
    .option('-n, --numeric', 'numbers instead of names (the default)')
    .option('-r, --resolve', 'names of ports and hosts, as far as they are known within a second')
    .option('-e, --extended', "uid, inode, cookie; with --json also the processes' command lines")
    .option('-o, --options', 'timers')
    .option('-i, --info', 'what TCP knows of each connection (tcp_info), and its congestion control')
    .option('-m, --memory', 'socket memory and drops')
    .option('--netns <namespace>', 'another network namespace: its name, path, a pid in it, or all')
    .option('-N, --net <namespace>', 'the same')
    .option(
      '-F, --filter <file>',
      'a filter from this file, before that of the command line; `-` is standard input',
    )
    .option('-s, --summary', 'counts and counters of the network stack instead of sockets')
    .option('-K, --kill', 'close the sockets that match: the program sees an error, the other side a reset')
    .option('--yes', 'do not ask before -K closes anything')
    .option('-H, --no-header', 'no header line')
    .option('-O, --oneline', 'whole lines on a terminal too, nothing cut')
    .option('--sort <column>', 'order by a column; -COLUMN or COLUMN:desc for the reverse')
    .option('--columns <names>', 'which columns, separated by commas')
    .addOption(new Option('--group-by <what>', 'count sockets instead of listing them').choices(GROUPINGS))
    .option('--tree', 'listeners with the connections that came in through them')
    .option('--watch [seconds]', 'list again and again, every 2 seconds, what changed marked', parseDuration)
    .option('-c, --count <n>', 'with --watch: end after this many listings', parsePositive)
    .addOption(
      new Option('--format <name>', 'ss: the words and columns of ss(8), for scripts').choices(['ss']),
    )
    .option('--csv', 'comma-separated values (RFC 4180)')
    .option('--json', 'print NDJSON: one object a line, nothing else on stdout (`socktrace schema`)')
    .addOption(
      new Option('--color <when>', 'use colours').choices(['auto', 'always', 'never']).default('auto'),
    )
    .option('--no-pager', 'no pager for a listing that exceeds the terminal (else $PAGER, or less)')
    .option('--quiet', 'print nothing: the exit code is 0 when a socket matched, else 1')
    .option('-q', 'no notes on stderr')
    .action(async (words: readonly string[], given: ListOptions) => {
      const filter = filterWords(words, given.filter)
      const options = ourOptions(given)
      refuseMixture(filter, options)
      const { runList } = await import('./list/run.ts')
      process.exitCode = await runList(filter, options, processIo(options.q))
    })
  for (const option of list.options) option.conflicts([...(CONFLICTS[option.attributeName()] ?? [])])
}
