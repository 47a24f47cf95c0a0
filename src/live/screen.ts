const ESC = '\u001b'
const CSI = `${ESC}[`

/** Alternate screen, no cursor, no automatic line break, mouse buttons and wheel in SGR form. */
const ENTER = `${CSI}?1049h${CSI}?25l${CSI}?7l${CSI}?1000h${CSI}?1006h${CSI}2J`
const LEAVE = `${CSI}?2026l${CSI}?1006l${CSI}?1000l${CSI}?7h${CSI}0m${CSI}?25h${CSI}?1049l`
/** Synchronized update: the terminal shows what stands between at once, or does not know it and ignores it. */
const BEGIN = `${CSI}?2026h`
const END = `${CSI}?2026l`
const SHOW_CURSOR = `${CSI}?25h`
const HIDE_CURSOR = `${CSI}?25l`

/** A whole picture: every line as wide as the screen, with its colours. */
export interface Frame {
  readonly lines: readonly string[]
  /** Where text is being typed. */
  readonly cursor?: { readonly x: number; readonly y: number }
}

/** Writes frames to a terminal: of each only the lines that changed, in one piece. */
export class Screen {
  readonly #write: (text: string) => void
  #shown: readonly string[] = []
  #cursor = ''
  #entered = false

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  enter(): void {
    if (this.#entered) return
    this.#entered = true
    this.invalidate()
    this.#write(ENTER)
  }

  /** Puts everything back. Idempotent. */
  leave(): void {
    if (!this.#entered) return
    this.#entered = false
    this.#write(LEAVE)
  }

  /** The terminal's content is not known any more: the next frame is written whole. */
  invalidate(): void {
    this.#shown = []
    this.#cursor = HIDE_CURSOR
  }

  /** Returns how many lines were written. */
  draw({ lines, cursor }: Frame): number {
    if (!this.#entered) return 0
    let changed = 0
    let text = ''
    for (const [y, line] of lines.entries()) {
      if (this.#shown[y] === line) continue
      changed++
      text += `${place(0, y)}${line}${CSI}0m`
    }
    const wanted = cursor === undefined ? HIDE_CURSOR : `${place(cursor.x, cursor.y)}${SHOW_CURSOR}`
    if (changed > 0 || wanted !== this.#cursor) {
      // Lines are written without the cursor: it would be seen jumping.
      const hidden = this.#cursor === HIDE_CURSOR || changed === 0 ? '' : HIDE_CURSOR
      this.#write(`${BEGIN}${hidden}${text}${wanted === HIDE_CURSOR && hidden !== '' ? '' : wanted}${END}`)
    }
    this.#shown = lines
    this.#cursor = wanted
    return changed
  }
}

/** Cells from 0. */
function place(x: number, y: number): string {
  return `${CSI}${y + 1};${x + 1}H`
}
