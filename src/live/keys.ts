/** One key press or mouse action. `x` and `y` count cells from 0, for the mouse only. */
export interface Key {
  /** A character, or a name: `up`, `enter`, `ctrl-c`, `wheel-up`, `click`, … */
  readonly key: string
  readonly x?: number
  readonly y?: number
}

const ESCAPE = '\u001b'

/** What ends a sequence `ESC [ … LETTER` or `ESC O LETTER`. */
const LETTERS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  Z: 'backtab',
  M: 'enter',
}

/** `ESC [ NUMBER ~`. */
const NUMBERS: Readonly<Record<string, string>> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
}

const CONTROLS: Readonly<Record<string, string>> = {
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
}

/** ECMA-48: parameters and intermediates, then one final byte. */
const CSI = /^\[([0-?]*)[ -/]*([@-~])/
const CSI_PART = /^\[[0-?]*[ -/]*$/
/** Longest sequence waited for: beyond it is no terminal's. */
const LONGEST = 64

/** Terminal input as keys. A sequence may come in several pieces, also cut in the middle. */
export class KeyDecoder {
  #rest = ''

  /** An escape character is there that may be a key by itself: `flush` says so when nothing follows. */
  get waiting(): boolean {
    return this.#rest !== ''
  }

  feed(text: string): Key[] {
    const keys: Key[] = []
    let input = this.#rest + text
    this.#rest = ''
    while (input !== '') {
      const used = input.startsWith(ESCAPE) ? this.#sequence(input, keys) : plain(input, keys)
      if (used === 0) {
        this.#rest = input
        break
      }
      input = input.slice(used)
    }
    return keys
  }

  /** Nothing followed: what waits are keys of their own. */
  flush(): Key[] {
    const rest = this.#rest
    this.#rest = ''
    return rest === '' ? [] : [{ key: 'escape' }, ...this.feed(rest.slice(1))]
  }

  /** Characters used; 0 when the sequence goes on in the next piece. */
  #sequence(input: string, keys: Key[]): number {
    const rest = input.slice(1)
    if (rest === '') return 0
    if (rest.startsWith(ESCAPE)) {
      keys.push({ key: 'escape' })
      return 1
    }
    if (rest.startsWith('O')) {
      const letter = rest[1]
      if (letter === undefined) return 0
      const key = LETTERS[letter]
      if (key !== undefined) keys.push({ key })
      return 3
    }
    if (!rest.startsWith('[')) {
      const [character = ''] = rest
      keys.push({ key: `alt-${character}` })
      return 1 + character.length
    }
    // The older form of mouse reports: three bytes behind the letter.
    if (rest.startsWith('[M')) return rest.length < 5 ? 0 : 6
    const found = CSI.exec(rest)
    if (found === null) {
      if (CSI_PART.test(rest) && rest.length < LONGEST) return 0
      keys.push({ key: 'escape' })
      return 1
    }
    const [whole, parameters, final] = found as unknown as [string, string, string]
    const key = controlKey(parameters, final)
    if (key !== undefined) keys.push(key)
    return 1 + whole.length
  }
}

function controlKey(parameters: string, final: string): Key | undefined {
  if (parameters.startsWith('<')) return mouseKey(parameters.slice(1), final)
  const name = final === '~' ? NUMBERS[parameters.split(';')[0]!] : final === 'M' ? undefined : LETTERS[final]
  return name === undefined ? undefined : { key: name }
}

/** SGR mouse report: buttons, column, row from 1; `M` pressed, `m` released. */
function mouseKey(parameters: string, final: string): Key | undefined {
  const [buttons = 0, column = 1, row = 1] = parameters.split(';').map(Number)
  const place = { x: column - 1, y: row - 1 }
  if (buttons === 64) return { key: 'wheel-up', ...place }
  if (buttons === 65) return { key: 'wheel-down', ...place }
  return buttons === 0 && final === 'M' ? { key: 'click', ...place } : undefined
}

function plain(input: string, keys: Key[]): number {
  const [character = ''] = input
  const code = character.codePointAt(0)!
  const known = CONTROLS[character]
  if (known !== undefined) keys.push({ key: known })
  else if (code < 0x20) keys.push({ key: `ctrl-${String.fromCharCode(code + 0x60)}` })
  else keys.push({ key: character })
  return character.length
}
