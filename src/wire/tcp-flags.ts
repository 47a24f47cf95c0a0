import { FLAG_LETTERS, NO_FLAGS } from './tcp-bits.ts'

const COMBINATIONS = 512

/** Every combination of the nine flags as tcpdump prints it between the brackets, made once. */
const TEXTS: readonly string[] = Array.from({ length: COMBINATIONS }, (_, flags) => {
  const text = [...FLAG_LETTERS].filter((_letter, bit) => (flags & (1 << bit)) !== 0).join('')
  return text === '' ? NO_FLAGS : text
})

/** `S`, `S.`, `.`, `P.`, `F.`, `R`, …; `none` without flags. `flags` as `TcpHeader.flags`. */
export function flagsText(flags: number): string {
  return TEXTS[flags & (COMBINATIONS - 1)]!
}
