/** How a process was tied to an endpoint, best first: the kernel said so, the socket table, a scan of /proc. */
export type Attribution = 'tracepoint' | 'socket' | 'procfs'

/**
 * The process at one end of a connection. Never guessed: a missing one is allowed, a wrong one is a bug.
 * Strings are as the kernel gives them (not yet safe for a terminal, see `render/sanitize.ts`).
 */
export interface ProcessRef {
  readonly pid: number
  /** The name from the kernel, at most 15 bytes. `null` when the process was gone before it could be read. */
  readonly comm: string | null
  readonly exe?: string
  readonly cmdline?: string
  readonly user?: string
  readonly container?: string
  readonly attribution: Attribution
}
