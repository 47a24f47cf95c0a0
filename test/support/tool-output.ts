import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where in its arguments a tool wants the file. */
export const FILE = '\0file'

const FOLDER = join('build', 'oracles')
const MAX_OUTPUT = 1 << 28
const versions = new Map<string, Promise<string>>()

/**
 * What `tool` prints on stdout about `file`, whatever its exit status (2 of a damaged capture is no failure).
 * `args` have `FILE` where the path belongs. Kept under build/oracles by the SHA-256 of the file's bytes, the
 * tool's version and the arguments; SOCKTRACE_FULL=1 asks again. Rejects when the tool is not installed.
 */
export async function toolOutput(tool: string, args: readonly string[], file: string): Promise<string> {
  versions.set(tool, versions.get(tool) ?? run(tool, ['--version']))
  const key = createHash('sha256')
    .update(readFileSync(file))
    .update(JSON.stringify([await versions.get(tool), args]))
    .digest('hex')
  const path = join(FOLDER, `${tool}-${key}`)
  const known = process.env['SOCKTRACE_FULL'] === '1' ? undefined : read(path)
  if (known !== undefined) return known
  const output = await run(
    tool,
    args.map((arg) => arg.replace(FILE, file)),
  )
  mkdirSync(FOLDER, { recursive: true })
  // Renamed, so that tests in other processes never read half an answer.
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, output)
  renameSync(unfinished, path)
  return output
}

/** The results of `ask` for every item, in their order, two at a time. */
export async function mapPairwise<T, R>(
  items: readonly T[],
  ask: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length)
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await ask(item)
  }
  await Promise.all([worker(), worker()])
  return results
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function run(tool: string, args: readonly string[]): Promise<string> {
  const options = { maxBuffer: MAX_OUTPUT, env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } }
  return new Promise((resolve, reject) => {
    execFile(tool, args, options, (error, stdout) => {
      if (error !== null && typeof error.code === 'string') reject(error)
      else resolve(stdout)
    })
  })
}
