import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { main } from './main.ts'

/**
 * Entry of the one executable (`make package`). Everywhere else `bin/socktrace` calls `main`.
 *
 * The system loads native libraries from files only, but those of the executable are inside it. Each is written
 * into a folder that only this process can use, loaded, and removed at once: nothing is left behind, no home
 * directory is needed, and nobody can put another file in its place.
 */
const PACKED = '/snapshot/'

/** Where a file can be written and, unless it is mounted noexec, loaded from. */
const folders = [tmpdir(), '/dev/shm', '/var/tmp', join(homedir(), '.cache')]

const loadFile = process.dlopen.bind(process)

process.dlopen = (module: object, path: string, ...flags: number[]) => {
  if (!path.startsWith(PACKED)) return loadFile(module, path, ...(flags as []))
  const library = readFileSync(path)
  let failure: unknown
  for (const folder of folders) {
    let own: string | undefined
    try {
      own = mkdtempSync(join(folder, 'socktrace-'))
      const file = join(own, basename(path))
      writeFileSync(file, library, { mode: 0o500 })
      loadFile(module, file, ...(flags as []))
      return
    } catch (error) {
      failure ??= error
    } finally {
      if (own !== undefined) rmSync(own, { recursive: true, force: true })
    }
  }
  throw failure
}

void main(process.argv.slice(2))
