import { spawnSync } from 'node:child_process'

const NEWLINE = 0x0a

/** The pager that the environment asks for, `less` by default; `undefined` when it is not to be used (git-config(1)). */
export function pagerOf(environment: { readonly [name: string]: string | undefined }): string | undefined {
  if (environment['TERM'] === undefined || environment['TERM'] === 'dumb') return undefined
  const pager = environment['PAGER'] ?? 'less'
  return pager === '' || pager === 'cat' ? undefined : pager
}

/** Does a text need more lines than the terminal has, with the prompt after it? */
export function exceedsScreen(text: Uint8Array, rows: number): boolean {
  let lines = 0
  for (const byte of text) if (byte === NEWLINE && ++lines >= rows) return true
  return false
}

/**
 * Shows a text through the pager and waits for its end; false when there is no such program. `less` leaves a short
 * text, its colours and the screen as they are (`FRX`), unless LESS says something else.
 */
export function page(
  text: Uint8Array,
  pager: string,
  environment: { readonly [name: string]: string | undefined },
): boolean {
  // Ctrl-C is the pager's: without a listener it would end this process and leave the pager alone.
  const stay = (): void => {}
  process.on('SIGINT', stay)
  try {
    const { status } = spawnSync(pager, {
      shell: true,
      input: text,
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { LESS: 'FRX', LV: '-c', ...environment },
    })
    // What sh says when there is no such command, or none that can be run.
    return status !== 127 && status !== 126
  } finally {
    process.off('SIGINT', stay)
  }
}
