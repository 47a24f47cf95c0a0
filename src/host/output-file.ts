import { closeSync, openSync } from 'node:fs'
import { EXIT, UserError } from '../user-error.ts'
import { writeAll } from './output.ts'
import { asInvoker } from './process/invoker.ts'

/** A file that the program writes: `-` is standard output. It is made with the rights of whoever called sudo, as theirs. */
export class OutputFile {
  readonly fd: number

  /** Throws `UserError` (exit 4) when the file cannot be made. */
  constructor(path: string) {
    if (path === '-') {
      this.fd = 1
      return
    }
    try {
      this.fd = asInvoker(() => openSync(path, 'w', 0o644))
    } catch (error) {
      throw writeFailure(path, error)
    }
  }

  write(bytes: Uint8Array): void {
    writeAll(this.fd, bytes)
  }

  close(): void {
    if (this.fd > 1) closeSync(this.fd)
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
