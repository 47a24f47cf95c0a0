import { closeSync, openSync } from 'node:fs'
import { EXIT, UserError } from '../user-error.ts'
import { asInvoker, giveToInvoker } from './invoker.ts'
import { writeAll } from './output.ts'

/** A file that the program writes: `-` is standard output. It belongs to whoever called sudo. */
export class OutputFile {
  readonly fd: number

  /** Throws `UserError` (exit 4) when the file cannot be made. */
  constructor(path: string) {
    if (path === '-') {
      this.fd = 1
      return
    }
    const { fd, isNew } = openForWriting(path)
    this.fd = fd
    // What was there before keeps its owner: a device, or a file of root.
    if (isNew) giveToInvoker(fd)
  }

  write(bytes: Uint8Array): void {
    writeAll(this.fd, bytes)
  }

  close(): void {
    if (this.fd > 1) closeSync(this.fd)
  }
}

/** Opens a file, empty; `isNew` when it was not there. */
function openForWriting(path: string): { fd: number; isNew: boolean } {
  try {
    return { fd: openSync(path, 'wx', 0o644), isNew: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeFailure(path, error)
  }
  try {
    return { fd: asInvoker(() => openSync(path, 'w')), isNew: false }
  } catch (error) {
    throw writeFailure(path, error)
  }
}

/** Why a file or folder cannot be made. */
export function writeFailure(path: string, error: unknown): UserError {
  const { code } = error as NodeJS.ErrnoException
  return new UserError(`Cannot write ${JSON.stringify(path)}: ${REASONS[code ?? ''] ?? code}`, {
    hint: 'name a file in a folder where you may write',
    exitCode: EXIT.input,
    cause: error,
  })
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EISDIR: 'it is a directory',
  EEXIST: 'it is a file',
  ENOTDIR: 'a part of the path is not a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on device',
}
