import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/** A command that a page shows, and what the page says that it prints. */
interface Shown {
  readonly command: string
  readonly output: string
}

/** Marks a block of a page whose commands a test runs: the line before the block. */
const BLOCK = /(?<=^<!-- run -->\n```console\n)[\s\S]*?(?=^```$)/gm

/** Commands begin with `$ `, their further lines with `> `. */
function commandsOf(block: string): Shown[] {
  return block
    .split(/^(?=\$ )/m)
    .filter((part) => part !== '')
    .map((part) => {
      const [, command, output] = /^\$ (.*(?:\n> .*)*)\n([\s\S]*)$/.exec(part)!
      return { command: command!, output: output! }
    })
}

export interface Session {
  /** Where commands run. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** What may differ from run to run, made equal. */
  readonly comparable?: (text: string) => string
  /** How often a command may be run until it prints what is shown: live ones on a busy machine see less at times. */
  readonly tries?: number
}

/**
 * Runs every marked command of a page and gives what differs, as texts `[command, shown, printed]`.
 * `SOCKTRACE_UPDATE_GOLDEN=1` writes what was printed into the page instead: read the difference before it is committed.
 */
export function runPage(
  path: string,
  { folder, env, comparable = same, tries = 1 }: Session,
): [string, string, string][] {
  const different: [string, string, string][] = []
  const page = readFileSync(path, 'utf8')
  const updated = page.replace(BLOCK, (block) =>
    commandsOf(block)
      .map(({ command, output }) => {
        const line = command.replaceAll('\n> ', '\n')
        let stdout = run(line, folder, env)
        for (let n = 1; n < tries && comparable(stdout) !== comparable(output); n++)
          stdout = run(line, folder, env)
        const equal = comparable(stdout) === comparable(output)
        if (!equal) different.push([command, comparable(output), comparable(stdout)])
        return `$ ${command}\n${equal ? output : stdout}`
      })
      .join(''),
  )
  if (process.env['SOCKTRACE_UPDATE_GOLDEN'] !== '1') return different
  writeFileSync(path, updated)
  return []
}

/** What a line of bash prints, on both streams. */
function run(line: string, folder: string, env: NodeJS.ProcessEnv): string {
  const { stdout, error } = spawnSync('bash', ['-o', 'pipefail', '-c', `{ ${line}\n} 2>&1`], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (error !== undefined) throw error
  return stdout
}

function same(text: string): string {
  return text
}
