import type { Command } from 'commander'
import { addEngineOptions, type InterfaceOptions } from './capture-options.ts'
import { processIo } from './io.ts'
import {
  addCommonOptions,
  addNetnsOption,
  type CommonOptions,
  parseDuration,
  parsePositive,
} from './options.ts'

export interface ConnectOptions
  extends CommonOptions,
    Pick<InterfaceOptions, 'engine' | 'relinquishPrivileges'> {
  readonly ipv4?: true
  readonly ipv6?: true
  readonly source?: string
  readonly interface?: string
  readonly timeout: number
  readonly count?: number
  readonly interval: number
}

const TIMEOUT_MS = 10_000
const INTERVAL_MS = 1000

export function defineConnect(program: Command): void {
  const command = program
    .command('connect')
    .summary('open a connection and say what happened to it')
    .description(
      'Connects to every address of a host as a client would, watches the connection in packets, in the kernel and in ' +
        'the socket tables, draws it and says why it failed. A connection is kept for 250 ms, to see a reset that ' +
        'follows, and then closed; nothing is sent on it.',
    )
    .argument(
      '<host:port>',
      'name or address and port; an IPv6 address in brackets; the port may be a service',
    )
    .argument('[port]', 'the port, when it does not stand behind the host')
  addCommonOptions(command)
    .option('-4, --ipv4', 'only IPv4 addresses')
    .option('-6, --ipv6', 'only IPv6 addresses')
    .option('--source <address>', 'connect from this address')
    .option('--interface <name>', 'connect through this interface')
    .option('--timeout <time>', 'give up waiting for an answer after this long', parseDuration, TIMEOUT_MS)
    .option('-c, --count <n>', 'connect this many times, and say how long it took', parsePositive)
    .option('--interval <time>', 'time between two rounds of --count', parseDuration, INTERVAL_MS)
  addEngineOptions(addNetnsOption(command, '; names are resolved outside')).action(
    async (target: string, port: string | undefined, options: ConnectOptions) => {
      const { runConnect } = await import('./connect/run.ts')
      process.exitCode = await runConnect(target, port, options, processIo(options.quiet))
    },
  )
}
