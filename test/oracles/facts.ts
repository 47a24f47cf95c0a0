import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mapPairwise, toolOutput } from '../support/tool-output.ts'

/** Another program whose word about a capture file is compared with ours. */
export interface Oracle<Facts> {
  readonly tool: string
  /** What is asked, where the tool is asked more than one thing. */
  readonly topic?: string
  /** Only this version is asked: others mean other things by the same names. */
  readonly version: string
  /** Arguments with which the tool tells its version. */
  readonly versionArgs: readonly string[]
  /** Arguments about a file; `FILE` stands for its path. */
  readonly args: readonly string[]
  /** The path of what it is given in the place of a file, where it cannot be told by arguments what the file is. */
  readonly given?: (path: string) => string
  /** What is kept of its output: figures only, no payload. */
  distil(output: string): Facts
}

/** Facts that come with the sources, by file hash: a fresh checkout need not run the tools over every file. */
const RESULTS = join(import.meta.dirname, 'results')
const FRESH = process.env['SOCKTRACE_FULL'] === '1'

export const resultsFile = ({ tool, topic, version }: Oracle<unknown>): string =>
  join(RESULTS, `${[tool, topic, version].filter((part) => part !== undefined).join('-')}.ndjson`)

export const fileHash = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex')

/**
 * What the oracle says about each file, in their order: from the kept results, else from the tool where it is
 * installed in the right version, else `undefined`. `more` are arguments for each file on its own.
 */
export async function askAll<Facts>(
  asked: Oracle<Facts>,
  paths: readonly string[],
  more: readonly (readonly string[])[] = [],
): Promise<readonly (Facts | undefined)[]> {
  const file = resultsFile(asked)
  const can = isInstalled(asked)
  const kept = new Map<string, Facts>(existsSync(file) && !(FRESH && can) ? readResults(file) : [])
  const indexed = paths.map((path, index) => [path, [...asked.args, ...(more[index] ?? [])]] as const)
  return await mapPairwise(indexed, async ([path, args]) => {
    const known = kept.get(fileHash(path))
    if (known !== undefined) return known
    return can ? asked.distil(await toolOutput(asked.tool, args, asked.given?.(path) ?? path)) : undefined
  })
}

/** A line for each file: its hash and the facts. */
function readResults<Facts>(file: string): [string, Facts][] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as [string, Facts])
}

/** Whether this machine has the oracle, in the version that is compared with. */
function isInstalled({ tool, version, versionArgs }: Oracle<unknown>): boolean {
  const { stdout, stderr } = spawnSync(tool, versionArgs, { encoding: 'utf8' })
  return `${stdout}${stderr}`.includes(version)
}
