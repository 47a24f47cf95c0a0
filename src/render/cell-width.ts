import stringWidth from 'string-width'

const PRINTABLE_ASCII = /^[ -~]*$/
let segmenter: Intl.Segmenter | undefined

/** Width of uncoloured text in terminal cells; ASCII, the common case, costs no segmentation. */
export function cellWidth(text: string): number {
  return PRINTABLE_ASCII.test(text) ? text.length : stringWidth(text)
}

/** The start of the text that fits, with `…` as the last cell when something is cut off. */
export function cutEnd(text: string, width: number): string {
  return cellWidth(text) <= width ? text : `${take(text, width - 1)}…`
}

/** Both ends of the text, so that an address keeps its port: `2001:db8:85a3…370:7334]:443`. */
export function cutMiddle(text: string, width: number): string {
  if (cellWidth(text) <= width) return text
  const characters = graphemes(text)
  const tail = take([...characters].reverse(), Math.floor((width - 1) / 2), true)
  return `${take(characters, width - 1 - cellWidth(tail))}…${tail}`
}

/** As many graphemes as fit; `reversed` ones come from the end of the text and are put back in order. */
function take(text: string | readonly string[], width: number, reversed = false): string {
  const characters = typeof text === 'string' ? graphemes(text) : text
  const taken: string[] = []
  let used = 0
  for (const character of characters) {
    used += cellWidth(character)
    if (used > width) break
    taken.push(character)
  }
  return (reversed ? taken.reverse() : taken).join('')
}

/** What a reader takes for one character each. The segmenter is made for the first text that needs it: 10 ms. */
function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter()
  return [...segmenter.segment(text)].map(({ segment }) => segment)
}
