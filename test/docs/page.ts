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
}

/**
 * Runs every marked command of a page and gives what differs, as texts `[command, shown, printed]`.
 * `SOCKTRACE_UPDATE_GOLDEN=1` writes what was printed into the page instead: read the difference before it is committed.
 */
export function runPage(
  path: string,
  { folder, env, comparable = same }: Session,
): [string, string, string][] {
  const different: [string, string, string][] = []
  const page = readFileSync(path, 'utf8')
  const updated = page.replace(BLOCK, (block) =>
    commandsOf(block)
      .map(({ command, output }) => {
        const line = command.replaceAll('\n> ', '\n')
        const { stdout, error } = spawnSync('bash', ['-o', 'pipefail', '-c', `{ ${line}\n} 2>&1`], {
          cwd: folder,
          env,
          encoding: 'utf8',
          timeout: 60_000,
        })
        if (error !== undefined) throw error
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

function same(text: string): string {
  return text
}
