import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** How long a screen may take to show what is waited for, ms: far more than it needs, on a busy machine too. */
const LIMIT_MS = 30_000
const POLL_MS = 20

/** A terminal of its own: a tmux server that nobody else uses, with one shell in it. */
export class Tmux {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'socktrace-tmux-'))
  readonly #socket = join(this.folder, 'server')
  static readonly #open = new Set<Tmux>()

  constructor(columns: number, rows: number, environment: Readonly<Record<string, string>> = {}) {
    const variables = Object.entries({ LANG: 'C.UTF-8', ...environment }).flatMap(([name, value]) => [
      '-e',
      `${name}=${value}`,
    ])
    const size = ['-x', String(columns), '-y', String(rows)]
    Tmux.#open.add(this)
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      ...size,
      ...variables,
      '-c',
      this.folder,
      'bash --norc',
    )
  }

  /** Resolves when the shell waits for a command. */
  async prompt(): Promise<void> {
    await this.until('a prompt', (screen) => /[$#] *$/.test(screen.trimEnd()))
  }

  /** Keys by their tmux names: `Enter`, `C-c`, `Down`, `a`. */
  keys(...keys: string[]): void {
    this.#tmux('send-keys', ...keys)
  }

  /** Characters as they are. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', text)
  }

  /** The lines of the screen. */
  screen(): string {
    return this.#tmux('capture-pane', '-p')
  }

  /** Resolves with the screen once `holds`; rejects with the last one when that takes too long. */
  async until(what: string, holds: (screen: string) => boolean): Promise<string> {
    const end = performance.now() + LIMIT_MS
    for (;;) {
      const screen = this.screen()
      if (holds(screen)) return screen
      if (performance.now() > end) throw new Error(`${what} did not come:\n${screen}`)
      await pause(POLL_MS)
    }
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** Modes that a full-screen program sets: alternate screen, cursor, mouse, line breaks. */
  modes(): string {
    return this.#tmux(
      'display-message',
      '-p',
      '#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{wrap_flag}',
    ).trim()
  }

  /** Everything that is written to the terminal from now on goes to this file too. */
  record(file: string): void {
    this.#tmux('pipe-pane', '-O', `cat > ${file}`)
  }

  /** Ends every terminal that a test left open. */
  static closeAll(): void {
    for (const terminal of Tmux.#open) terminal.close()
  }

  close(): void {
    Tmux.#open.delete(this)
    try {
      this.#tmux('kill-server')
    } catch {
      // Its shell ended, and the server with it.
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, ...args], { encoding: 'utf8', timeout: LIMIT_MS })
  }
}
