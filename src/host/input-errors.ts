import { EXIT, UserError } from '../user-error.ts'

/** What goes wrong with inputs, as their users read it: exit code 4. `name` is quoted, or `standard input`. */
export function unreadable(name: string, reason: string, hint: string, cause?: unknown): UserError {
  return new UserError(`Cannot read ${name}: ${reason}`, { hint, exitCode: EXIT.input, cause })
}

export function emptyFile(name: string): UserError {
  return unreadable(name, 'it is empty', 'a capture without packets still has a header')
}

export function notCapture(name: string, reason: string): UserError {
  return unreadable(name, reason, 'pcap and pcapng files can be read (tcpdump -w, Wireshark)')
}

const OPEN_REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ['no such file', 'check the name'],
  ENOTDIR: ['no such file', 'check the name'],
  EACCES: ['no permission', 'run it as a user who may read the file'],
  EPERM: ['no permission', 'run it as a user who may read the file'],
  EMFILE: ['too many files are open', 'raise the limit (ulimit -n), or merge some first (mergecap)'],
}

export function cannotOpen(name: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  const [reason, hint] = OPEN_REASONS[code] ?? [code, 'check the file and its disk']
  return new UserError(`Cannot open ${name}: ${reason}`, { hint, exitCode: EXIT.input, cause: error })
}
