import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandModel, commandModels, type OptionModel } from '../src/cli/command-model.ts'
import { buildProgram } from '../src/cli/program.ts'
import { VERSION } from '../src/cli/version.ts'

/** docs/socktrace.1 in man(7), from the definitions of the commands. */
export async function renderManPage(): Promise<string> {
  const [program, ...commands] = commandModels(await buildProgram(undefined))
  return `${[
    `.\\" Made from the definitions in src/cli/ by scripts/man-page.ts; change it there.`,
    `.TH SOCKTRACE 1 "" "socktrace ${VERSION}" "User Commands"`,
    '.SH NAME',
    'socktrace \\- sockets with states and processes, TCP handshakes annotated live, and why a connection failed',
    '.SH SYNOPSIS',
    ...[program!, ...commands].map(synopsis),
    '.SH DESCRIPTION',
    escaped(program!.description),
    '.PP',
    'Plain \\fBsocktrace\\fP shows the sockets as they are and then what happens to them: on a terminal in a live view,',
    'in a pipe as lines, with \\fB\\-\\-json\\fP as NDJSON. These are its own options:',
    ...program!.options.flatMap(optionEntry),
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    ...CLOSING,
  ].join('\n')}\n`
}

const CLOSING = [
  '.SH EXIT STATUS',
  ...[
    ['0', 'Fine; also an open-ended command stopped by SIGINT or SIGTERM, and a closed pipe.'],
    ['1', 'A finding: \\fBconnect\\fP failed, \\fBlist \\-\\-quiet\\fP matched nothing.'],
    ['2', 'Usage, a bad filter, an unknown interface.'],
    ['3', 'A privilege is missing.'],
    ['4', 'Input cannot be read; an interface that vanished.'],
    ['5', 'Internal error, or not available on this platform.'],
  ].flatMap(([code, meaning]) => ['.TP', `.B ${code}`, meaning!]),
  '.PP',
  '\\fBrun\\fP exits with the status of its command: 128+n after a signal, 126 and 127 as env(1) does, 125 when',
  'socktrace failed before the command started; with \\fB\\-\\-check\\fP, 1 when it succeeded and a connection failed.',
  '.SH ENVIRONMENT',
  '.TP',
  '.B NO_COLOR, FORCE_COLOR',
  'Turn colours off or on where \\fB\\-\\-color\\fP is \\fBauto\\fP.',
  '.SH EXAMPLES',
  ...[
    ['sudo socktrace', 'The sockets, and every handshake as it happens.'],
    ["socktrace list -t state established '( dport = :443 )'", 'Connections to port 443.'],
    ['sudo socktrace trace -i eth0 port 5432', 'What happens to connections with port 5432.'],
    ['socktrace read capture.pcapng --json | jq .', 'The same analysis of a file, for other programs.'],
    ['sudo socktrace doctor', 'What works here with these privileges, and what mends the rest.'],
  ].flatMap(([line, meaning]) => ['.TP', `.B ${escaped(line!)}`, escaped(meaning!)]),
  '.SH SEE ALSO',
  '.BR ss (8),',
  '.BR tcpdump (8),',
  '.BR tshark (1),',
  '.BR pcap\\-filter (7)',
]

function synopsis({ name, options, arguments: words }: CommandModel, index: number): string {
  const parts = words.map((word) => {
    const shown = `\\fI${escaped(word.name)}\\fP${word.variadic ? '...' : ''}`
    return word.required ? shown : `[${shown}]`
  })
  const line = [
    `\\fBsocktrace${name && ` ${name}`}\\fP`,
    options.length > 1 ? '[\\fIoptions\\fP]' : '',
    ...parts,
  ]
  return `${index === 0 ? '' : '.br\n'}${line.filter((part) => part !== '').join(' ')}`
}

function commandSection(command: CommandModel): string[] {
  const { name, aliases, description, options, arguments: words } = command
  const also = aliases.length === 0 ? [] : [`Also \\fB${aliases.join(', ')}\\fP.`]
  return [
    `.SS ${name}`,
    ...escaped(description).split('\n'),
    ...also,
    ...words.flatMap((word) => ['.TP', `.I ${escaped(word.name)}`, escaped(`${word.description}.`)]),
    ...options.flatMap(optionEntry),
  ]
}

function optionEntry({
  short,
  long,
  value,
  optional,
  choices,
  description,
  default: preset,
}: OptionModel): string[] {
  const flags = [short, long].filter((flag) => flag !== undefined).map((flag) => `\\fB${escaped(flag)}\\fP`)
  const shown = value === undefined ? '' : ` \\fI${escaped(value)}\\fP`
  const among = choices.length === 0 ? '' : ` One of ${choices.join(', ')}.`
  const otherwise = preset === undefined ? '' : ` Default: ${preset}.`
  return [
    '.TP',
    `${flags.join(', ')}${optional ? ` [${shown.trim()}]` : shown}`,
    escaped(`${description}.${among}${otherwise}`),
  ]
}

/** groff takes `\` and `-`, and a line's first `.` or `'`, for its own. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(join(import.meta.dirname, '../docs/socktrace.1'), await renderManPage())
